"""Settings, read once from the environment (TEXTREC_*) by whoever starts the program."""

import os
import re
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from textrec_app.errors import InputError


class Settings(BaseSettings):
    """Where things are kept and how the program runs; every field has a TEXTREC_ variable."""

    model_config = SettingsConfigDict(env_prefix="TEXTREC_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="run-time files: store, pictures, runs, checkpoints")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; default is SQLite in data_dir")
    device: str = Field(default="auto", description="auto, cpu, cuda")
    runtime: Literal["auto", "torch", "onnx"] = Field(
        default="auto", description="what runs the networks; auto takes onnxruntime where it is there and faster"
    )
    cpu_threads: int | None = Field(default=None, ge=1, description="torch threads; default is torch's own choice")
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    max_pixels: int = Field(default=100_000_000, description="larger pictures are refused")
    max_upload_mb: int = Field(default=200, ge=1)
    admin_users: tuple[str, ...] = Field(default=(), description="if set, only these may change anything; Space only")
    hub_repo: str | None = Field(default=None, description="model repository for pull and push")
    fonts_dir: Path | None = None
    harvest_views: bool = Field(
        default=True, description="look at harvested words in seven more views: surer, and slower"
    )

    @property
    def store_url(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir / 'textrec.db'}"

    @property
    def pictures_dir(self) -> Path:
        """Pictures and crops, named by SHA-256."""
        return self.data_dir / "pictures"

    @property
    def runs_dir(self) -> Path:
        """One folder for each training run."""
        return self.data_dir / "runs"

    @property
    def checkpoints_dir(self) -> Path:
        """Weights made or pulled here."""
        return self.data_dir / "checkpoints"

    @property
    def is_first_process(self) -> bool:
        """Whether this is the process that speaks for all; `accelerate launch` numbers them."""
        return os.environ.get("RANK", "0") == "0"

    @property
    def is_space(self) -> bool:
        """Whether the program runs as a hosted Space."""
        return "SPACE_ID" in os.environ

    @property
    def can_log_in(self) -> bool:
        """Whether people can say who they are: only on a Space with `hf_oauth`."""
        return self.is_space and "OAUTH_CLIENT_ID" in os.environ

    @property
    def lock_out(self) -> str:
        """Says that nobody can change anything on the page, and what to do; empty where somebody can."""
        if not self.admin_users or self.can_log_in:
            return ""
        return (
            "TEXTREC_ADMIN_USERS is set, but people can log in only on a Space with hf_oauth: "
            "nobody can change anything on the page. Unset it, or run as a Space."
        )


def load_settings() -> Settings:
    """Read the environment once.

    Raises:
        InputError: a variable has a value that makes no sense.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        variable = "TEXTREC_" + "_".join(str(part) for part in first["loc"]).upper()
        raise InputError(f"{variable} cannot be used: {first['msg']}. Correct or unset it.") from None
    except ValueError as error:
        field = re.search(r'field "(\w+)"', str(error))
        variable = f"TEXTREC_{field[1].upper()}" if field else "A TEXTREC_ variable"
        raise InputError(f'{variable} cannot be used: it must be JSON, as ["ana"]. Correct or unset it.') from None
