"""Settings: where they come from, what is refused, and that secrets stay secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from matinee.config import Settings
from matinee.errors import SettingsError


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"MATINEE_{name.upper()}", raising=False)


def test_everything_has_a_default() -> None:
    settings = Settings()
    assert settings.home == Path("~/.matinee").expanduser()
    assert settings.database_url == f"sqlite:///{settings.home}/matinee.db"
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.operator_token is None
    assert settings.cors_origins == ()


def test_the_environment_is_read_and_arguments_come_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MATINEE_HOME", str(tmp_path / "one"))
    monkeypatch.setenv("MATINEE_PORT", "8080")
    monkeypatch.setenv("MATINEE_CORS_ORIGINS", "https://films.example/  *")
    settings = Settings()
    assert settings.database_url == f"sqlite:///{tmp_path}/one/matinee.db"
    assert settings.port == 8080
    assert settings.cors_origins == ("https://films.example", "*")
    assert Settings(home=tmp_path / "two").database_url == f"sqlite:///{tmp_path}/two/matinee.db"


def test_a_database_can_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATINEE_DATABASE_URL", "postgresql+psycopg://db/matinee")
    assert Settings(home=Path("/nowhere")).database_url == "postgresql+psycopg://db/matinee"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "70000"),
        ("port", "http"),
        ("session_days", "0"),
        ("threads", "0"),
        ("cors_origins", "https://a.example films.example"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"MATINEE_{name.upper()}", value)
    with pytest.raises(SettingsError, match=name):
        Settings()


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MATINEE_OPERATOR_TOKEN", "too-short")
    with pytest.raises(SettingsError, match="operator_token") as caught:
        Settings()
    assert "too-short" not in str(caught.value)
    monkeypatch.setenv("MATINEE_OPERATOR_TOKEN", "quite-long-enough-a-secret")
    assert "quite-long" not in repr(Settings())
