import numpy as np
import pytest

from textrec_app.pipeline.grouping_model import load_models, save_models
from textrec_app.training.link_fitting import fit_judges, fit_links


@pytest.mark.parametrize("hidden", [0, 4])
def test_a_judge_learns_what_it_is_shown(hidden):
    features = np.random.default_rng(0).normal(0, 1, (2000, 3))
    labels = features[:, 0] - 2 * features[:, 2] > 0
    judge = fit_links(("a", "b", "c"), features, labels, hidden)
    assert ((judge.score(("a", "b", "c"), features) > 0) == labels).mean() > 0.97


def test_judges_come_back_from_their_file(tmp_path):
    judges = fit_judges(0, 12, hidden=2)
    save_models(judges, tmp_path / "links.json")
    loaded = load_models(tmp_path / "links.json")
    assert set(loaded) == {"words", "stacks", "rows"}
    for name, judge in judges.items():
        features = np.random.default_rng(1).normal(0, 1, (20, len(judge.features)))
        np.testing.assert_allclose(
            loaded[name].score(judge.features, features), judge.score(judge.features, features), rtol=0.02, atol=0.02
        )
