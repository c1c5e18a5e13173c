from __future__ import annotations

from pathlib import Path

from consumer.settings import Sources, load

CONFIG = Path(__file__).parents[2] / "deploy" / "worker.toml"


def test_the_example_of_a_settings_file_needs_only_the_api_key_beside_it(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("made-up\n")
    settings = load(Sources({"CLICKSEND_API_KEY_FILE": str(key)}, {}, CONFIG))
    assert settings.kafka.dead_letter_topic == "raw-events.dead-letter"
    assert settings.clicksend.api_key.get_secret_value() == "made-up"
    assert settings.warnings == ()
