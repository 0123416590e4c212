"""What the tests of pressure paper share: film, climate, and a map without symmetry on 20 x 10 mm."""

from __future__ import annotations

from typing import Any

import numpy as np

from holdersim.paper.render import Felt

CLIMATE: dict[str, Any] = {
    "grade": "LW",
    "pressing": "continuous",
    "temperature": "24 degC",
    "humidity": "55 %",
}
X, Y = np.arange(-9.75, 10, 0.5), np.arange(-4.75, 5, 0.5)
GX, GY = np.meshgrid(X, Y)
TRUE = np.maximum(5.5 + 0.4 * GX + 2.0 * np.sin(GX / 2.5) * np.cos(GY / 3) + 0.2 * GY, 0.0)
PRESSED = Felt(TRUE, X, Y, "cathode")
