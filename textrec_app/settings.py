"""Settings, read once from the environment (TEXTREC_*) by whoever starts the program."""

import os
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where things are kept and how the program runs; every field has a TEXTREC_ variable."""

    model_config = SettingsConfigDict(env_prefix="TEXTREC_", frozen=True, extra="ignore")

    data_dir: Path = Field(default=Path("data"), description="run-time files: store, pictures, runs, checkpoints")
    database_url: str | None = Field(default=None, description="SQLAlchemy URL; default is SQLite in data_dir")
    device: str = Field(default="auto", description="auto, cpu, cuda")
    cpu_threads: int | None = Field(default=None, ge=1, description="torch threads; default is torch's own choice")
    host: str = "127.0.0.1"
    port: int = Field(default=7860, ge=0, le=65535)
    max_pixels: int = Field(default=100_000_000, description="larger pictures are refused")
    max_upload_mb: int = Field(default=200, ge=1)
    admin_users: tuple[str, ...] = Field(default=(), description="if set, only these may change anything")
    hub_repo: str | None = Field(default=None, description="model repository for pull and push")
    fonts_dir: Path | None = None

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


def load_settings() -> Settings:
    """Read the environment once."""
    return Settings()
