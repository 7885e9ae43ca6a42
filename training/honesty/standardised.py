# SPDX-License-Identifier: Apache-2.0
"""Weights of values that are compared as deviations from their means, however they are measured."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize

__all__ = ["Loss", "fit_standardised"]

Loss = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""of weights, the constant's last: its value and its slope"""
DIGITS = 6


def fit_standardised(
    values: np.ndarray, loss_of: Callable[[np.ndarray], Loss]
) -> tuple[float, ...]:
    """The weights of the least loss.

    Args:
        values: (N, F) float64.
        loss_of: makes the loss of (N, F + 1) float64, the values over their deviations and 1.

    Returns:
        F weights of the values as they are, and what is added; rounded, for files.
    """
    mean, spread = values.mean(0), values.std(0) + 1e-6
    columns = np.column_stack(((values - mean) / spread, np.ones(len(values))))
    found = minimize(loss_of(columns), np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B").x
    weights = found[:-1] / spread
    shift = found[-1] - weights @ mean
    return tuple(round(float(each), DIGITS) for each in (*weights, shift))
