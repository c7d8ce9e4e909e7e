"""Messages are translated; codes are not. Spanish, German and French are complete."""

import gettext
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import translation

import timp_orders
from tests.api import error
from timp_orders import errors
from timp_orders.models import Cancellation

PACKAGE = Path(timp_orders.__file__).parent
LANGUAGES = sorted(path.name for path in (PACKAGE / "locale").iterdir())


def catalogue(language, package=PACKAGE):
    return package / "locale" / language / "LC_MESSAGES" / "django.po"


def entries(path):
    """Parse by gettext's own tool into (identifiers, translations)."""
    text = subprocess.run(
        ["msgattrib", "--no-wrap", "--no-obsolete", str(path)],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = {}
    for block in text.split("\n\n")[1:]:
        lines = [line for line in block.splitlines() if not line.startswith("#,")]
        identifiers = tuple(line for line in lines if line.startswith("msgid"))
        found[identifiers] = [line for line in lines if line.startswith("msgstr")]
        assert "fuzzy" not in block
    return found


@pytest.fixture
def tools():
    if not shutil.which("msgattrib"):
        assert not os.environ.get("CI"), "gettext is not installed"
        pytest.skip("gettext is not installed")


def test_the_languages_are_these():
    assert LANGUAGES == ["de", "es", "fr"]


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("language", LANGUAGES)
def test_it_has_every_message_and_each_is_translated(tmp_path, monkeypatch, language):
    copy = tmp_path / "timp_orders"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(copy)
    call_command("makemessages", locale=[language], no_location=True, no_wrap=True, verbosity=0)
    found = entries(catalogue(language, copy))
    assert found == entries(catalogue(language))
    assert len(found) > 150
    untranslated = [key for key, texts in found.items() if any(t.endswith('""') for t in texts)]
    assert untranslated == []


@pytest.mark.usefixtures("tools")
@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_those_of_the_message(language):
    subprocess.run(
        ["msgfmt", "--check-format", "-o", os.devnull, str(catalogue(language))], check=True
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_messages_are_at_hand(language):
    with catalogue(language).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for name in errors.__all__:
        with translation.override("en"):
            english = str(getattr(errors, name).message)
        with translation.override(language):
            assert str(getattr(errors, name).message) != english
        assert compiled.gettext(english) != english


@pytest.mark.django_db
def test_a_caller_is_answered_in_their_language_with_the_same_code(call, world):
    Cancellation.unguarded.update(status="rejected", decided_at=world.cancellation.requested_at)
    with translation.override(translation.get_language()):  # the middleware leaves it changed
        answers = {
            language: call(
                "confirm",
                world.item.uuid,
                by=world.supplier,
                headers={"Accept-Language": language},
            )
            for language in ("en", "es")
        }
    assert error(answers["en"]) == error(answers["es"]) == (422, "already_rejected")
    assert answers["es"].json()["detail"] == "La cancelación ya ha sido rechazada."
    assert answers["en"].json()["detail"] == "The cancellation has already been rejected."
