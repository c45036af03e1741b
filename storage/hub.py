"""Checkpoints on the Hugging Face Hub: one commit to publish, a full commit hash to fetch."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HFValidationError,
    HTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from storage.errors import StoreError

Arguments = ParamSpec("Arguments")
Answer = TypeVar("Answer")

FULL_HASH_LENGTH = 40


class HubError(StoreError):
    """The Hub refused, or cannot be reached; the message is a sentence that says what to do."""


class StaleParentError(HubError):
    """Somebody published after the commit that this publication was built on."""


@dataclass(frozen=True)
class Publication:
    """Files to publish in one commit.

    Attributes:
        files: contents by path in the repository: bytes, or the file that holds them.
        parent: the commit that this one must follow; None follows whatever is newest.
    """

    repo: str
    files: Mapping[str, bytes | Path]
    message: str
    parent: str | None = None
    revision: str = "main"
    private: bool = False


class Hub:
    """Talks to the Hub, or to a server that speaks its routes.

    Args:
        endpoint: of the server; None is the environment's, else the public Hub.
        token: None is the one that is signed in on this machine.
        cache_dir: of fetched files; None is the user's.
    """

    def __init__(self, endpoint: str | None = None, token: str | None = None, cache_dir: Path | None = None) -> None:
        self._api = HfApi(endpoint=endpoint, token=token)
        self._cache_dir = cache_dir

    def resolve(self, repo: str, revision: str = "main") -> str:
        """The full commit hash that a branch, tag or short hash stands for now.

        Raises:
            HubError: there is no such repository or revision, or the Hub cannot be reached.
        """
        found = self._ask(repo, self._api.model_info, repo, revision=revision).sha
        if found is None:
            raise HubError(f"the Hub did not say which commit {revision} of {repo} is; name a full commit hash")
        return found

    def fetch(self, repo: str, commit: str, names: Sequence[str]) -> list[Path]:
        """Files of one commit, from the cache where they are there already, even without a network.

        Args:
            commit: the full hash; a branch would be another tomorrow.

        Raises:
            HubError: a file is not in the commit, or the Hub cannot be reached.
        """
        if len(commit) != FULL_HASH_LENGTH:
            raise HubError(f"{commit} is no full commit hash; resolve the revision first")
        return [
            Path(self._ask(repo, self._api.hf_hub_download, repo, name, revision=commit, cache_dir=self._cache_dir))
            for name in names
        ]

    def publish(self, publication: Publication) -> str:
        """Publish files in one commit, so that nobody ever sees half of them.

        Returns:
            The full hash of the new commit.

        Raises:
            StaleParentError: the repository moved on since `parent`.
            HubError: not signed in, not allowed, or the Hub cannot be reached.
        """
        repo = publication.repo
        if not self._ask(repo, self._api.repo_exists, repo):
            self._ask(repo, self._api.create_repo, repo, private=publication.private, exist_ok=True)
        operations = [CommitOperationAdd(name, content) for name, content in publication.files.items()]
        commit = self._ask(
            repo,
            self._api.create_commit,
            repo,
            operations,
            commit_message=publication.message,
            revision=publication.revision,
            parent_commit=publication.parent,
        )
        return commit.oid

    def _ask(
        self,
        repo: str,
        call: Callable[Arguments, Answer],
        *arguments: Arguments.args,
        **options: Arguments.kwargs,
    ) -> Answer:
        """Call the Hub's library and turn what can go wrong into sentences."""
        try:
            return call(*arguments, **options)
        except HFValidationError as error:
            raise HubError(f"{repo!r} is no repository name; write it as owner/name ({error})") from error
        except (OfflineModeIsEnabled, LocalEntryNotFoundError) as error:
            raise HubError(_unreachable(repo)) from error
        except RepositoryNotFoundError as error:
            raise HubError(
                f"the Hub has no model repository {repo} that this account may see; check the name, or sign in"
            ) from error
        except RevisionNotFoundError as error:
            raise HubError(f"{repo} has no such revision; name a branch, a tag or a commit that it has") from error
        except EntryNotFoundError as error:
            raise HubError(f"{repo} lacks a file that a checkpoint needs ({error}); choose another revision") from error
        except LocalTokenNotFoundError as error:
            raise HubError("not signed in to the Hub; run `hf auth login`, or set HF_TOKEN") from error
        except HfHubHTTPError as error:
            raise _explain(repo, error) from error
        except RuntimeError as error:  # how the library reports an upload that broke off
            raise HubError(f"the upload to {repo} broke off ({error}); nothing was published, try again") from error
        except (OSError, HTTPError) as error:
            raise HubError(_unreachable(repo)) from error


def _explain(repo: str, error: HfHubHTTPError) -> HubError:
    status = None if error.response is None else error.response.status_code
    if status == 412:
        return StaleParentError(
            f"{repo} has a newer commit than the one this publication was built on; pull it, compare, then push again"
        )
    if status in (401, 403):
        return HubError(f"this account may not do that with {repo}; sign in with a token that may write")
    if status == 429:
        return HubError("the Hub asks to slow down; try again in some minutes")
    if status is not None and status >= 500:
        return HubError(f"the Hub has trouble at the moment (status {status}); try again later")
    return HubError(f"the Hub refused: {error.server_message or error}")


def _unreachable(repo: str) -> str:
    return f"the Hub cannot be reached and {repo} is not in the cache; check the connection, then try again"
