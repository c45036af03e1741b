"""The optimizer that a recipe names."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from textrec_app.training.muon import Muon, group_for_muon
from textrec_app.training.recipes import FitRecipe


def create_optimizer(network: nn.Module, recipe: FitRecipe) -> Optimizer:
    """AdamW, or Muon for matrices and filters with AdamW for the rest; vectors do not decay."""
    if recipe.optimizer == "muon":
        return Muon(group_for_muon(network, recipe.weight_decay), lr=recipe.learning_rate, fused=True)
    return torch.optim.AdamW(_parameter_groups(network, recipe), lr=recipe.learning_rate, fused=True)


def _parameter_groups(network: nn.Module, recipe: FitRecipe) -> list[dict[str, Any]]:
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    vectors = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    return [{"params": matrices, "weight_decay": recipe.weight_decay}, {"params": vectors, "weight_decay": 0.0}]
