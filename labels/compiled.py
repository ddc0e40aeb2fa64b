"""What the compiled encoder hands back, as symbols."""

from __future__ import annotations

import numpy as np
import zint

from labels.symbol import Symbol

_ROW_BYTES = 144


def packed_symbol(encoded: zint.Symbol) -> Symbol:
    """The modules of an encoded symbol, which come eight to a byte, the leftmost lowest."""
    height, width = encoded.rows, encoded.width
    rows = np.frombuffer(encoded.encoded_data.tobytes(), np.uint8, height * _ROW_BYTES).reshape(height, _ROW_BYTES)
    modules = np.unpackbits(rows, axis=1, count=width, bitorder="little").tobytes()
    return Symbol(tuple(modules[start : start + width] for start in range(0, height * width, width)))
