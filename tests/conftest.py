"""Every session works in its own cache, so that no test sees what another run has left."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The user's superelements stay untouched."""
    patch = pytest.MonkeyPatch()
    patch.setenv("HOLDERSIM_CACHE", str(tmp_path_factory.mktemp("superelements")))
    yield
    patch.undo()
