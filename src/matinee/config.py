"""Settings from the environment (`MATINEE_…`); read in entry points only and handed down whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from matinee.errors import SettingsError


class Settings(BaseSettings):
    """How one installation runs. Every field is an environment variable: `MATINEE_PORT=8080`."""

    model_config = SettingsConfigDict(env_prefix="MATINEE_", frozen=True)

    home: Path = Path("~/.matinee")
    """The one folder everything is kept in."""
    database_url: str = ""
    """SQLAlchemy URL of the database; empty means `matinee.db` (SQLite) in the home."""
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on; 0 takes a free one."""
    operator_token: SecretStr | None = Field(default=None, min_length=16)
    """Bearer token that reaches every viewer; without one nobody does. There is no default."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Foreign origins whose pages may call the API with a bearer token, such as https://films.example; with spaces between."""
    secure_cookies: bool = False
    """Whether cookies are sent over HTTPS only; set it where the site is served with TLS."""
    session_days: float = Field(default=365.0, gt=0)
    """How long a session lasts."""
    threads: int = Field(default=2, ge=1, le=256)
    """Requests worked on at once by one server process; the others wait their turn. Python computes one at a time: more only
    help where requests wait for a database far away, and --workers adds processes."""
    max_body_bytes: int = Field(default=65_536, ge=1024)
    """Largest request body that is read, in bytes."""

    def __init__(self, **given: Any) -> None:
        """Read the environment; what is given here comes first.

        Raises:
            SettingsError: naming each setting outside its range, without repeating its value: it may be a secret.
        """
        try:
            super().__init__(**given)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            raise SettingsError(
                f"Settings that cannot be used: {wrong}.", hint="They are read from MATINEE_… variables."
            ) from None

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path) -> Path:
        return home.expanduser().absolute()

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, origins: object) -> object:
        return tuple(origins.split()) if isinstance(origins, str) else origins

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if origin != "*" and not origin.startswith(("http://", "https://")):
                raise ValueError("an origin is a scheme and a host, such as https://films.example; got something else")
        return tuple(origin.rstrip("/") for origin in origins)

    @model_validator(mode="before")
    @classmethod
    def _database_in_home(cls, values: dict[str, object]) -> dict[str, object]:
        if not values.get("database_url"):
            home = Path(str(values.get("home", "~/.matinee"))).expanduser().absolute()
            values = {**values, "database_url": f"sqlite:///{home / 'matinee.db'}"}
        return values
