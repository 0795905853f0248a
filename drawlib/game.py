"""Danielle against a George of nine numbers: the game that *Be George* plays in a page.

Each function has a twin of the same name in ``drawlib/browser/game.js``, and the tests hold
one against the other. Everything is float64 and plain NumPy, so that every machine plays the
same game. The rules are those of `drawlib.gan`; George alone is simpler there: his curve goes
straight from one of his nine numbers to the next.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.stats import norm

from drawlib.checks import argument_error, check_array, check_choice, check_integer
from drawlib.distances import wasserstein_1d

ENDS = (-5.0, 5.0)  # of z, and of what can be printed
PLACES = np.linspace(*ENDS, 9)  # where the nine arrows start
RECIPES = ("post", "transport")
MOST_SEED = 2**32 - 1
MU, SIGMA = -1.0, 1.0  # the Treasury's
M = 200  # notes in one lesson
HIDDEN = (6, 5)
SCHOOL_ROUNDS, SCHOOL_RATE = 300, 0.01
RATE = 0.02  # of both players: the post has them at one pace


@dataclass
class Adam:
    """Adam, as Keras takes its steps (Kingma and Ba 2015), with β₁ = 0.5."""

    m: Any = 0.0
    v: Any = 0.0
    t: int = 0

    def step(self, values: np.ndarray, gradient: np.ndarray, rate: float) -> np.ndarray:
        """Return the values after one step down the gradient, all of one shape."""
        self.t += 1
        self.m = self.m + 0.5 * (gradient - self.m)
        self.v = self.v + 0.001 * (gradient**2 - self.v)
        pace = rate * np.sqrt(1 - 0.999**self.t) / (1 - 0.5**self.t)
        return values - pace * self.m / (np.sqrt(self.v) + 1e-7)


@dataclass
class Game:
    """The state of a game.

    Attributes:
        curve: George: what he prints for each of `PLACES`, shape (9,).
        weights: Danielle: kernels and biases, shape (53,), in the order of
            `drawlib.perceptron.Perceptron`.
        round: How many rounds lie behind, school and all.
    """

    curve: np.ndarray
    weights: np.ndarray
    round: int = SCHOOL_ROUNDS
    danielle: Adam = field(default_factory=Adam)
    george: Adam = field(default_factory=Adam)


def uniforms(seed: int, skip: int, count: int) -> np.ndarray:
    """Return numbers of mulberry32's sequence: uniform on [0, 1).

    Args:
        seed: 0 to 4,294,967,295.
        skip: How many to leave out; a negative number goes back before the first.
        count: How many to return.

    Returns:
        Shape (count,).
    """
    seed = check_integer("seed", seed, at_least=0, at_most=MOST_SEED)
    ones = np.uint64(MOST_SEED)
    steps = np.arange(skip + 1, skip + 1 + count, dtype=np.int64) % 2**32
    state = (np.uint64(seed) + steps.astype(np.uint64) * np.uint64(0x6D2B79F5)) & ones
    mixed = (state ^ state >> np.uint64(15)) * (state | np.uint64(1)) & ones
    mixed ^= mixed + ((mixed ^ mixed >> np.uint64(7)) * (mixed | np.uint64(61)) & ones) & ones
    return (mixed ^ mixed >> np.uint64(14)) / 2**32


def normals(uniform: np.ndarray) -> np.ndarray:
    """Turn uniform numbers into standard normal ones, two by two, after Box and Muller."""
    radius, angle = np.sqrt(-2 * np.log(1 - uniform[::2])), 2 * np.pi * uniform[1::2]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()


def luck_of(seed: int, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the luck of one round: real notes, and two sets of z from strata, each (200,)."""
    u = uniforms(seed, 3 * M * number, 3 * M)
    z, again = -5 + 10 * (np.arange(M) + u[M:].reshape(2, M)) / M
    return MU + SIGMA * normals(u[:M]), z, again


def new_danielle(seed: int) -> np.ndarray:
    """Return weights after Glorot, N(0, 2 / (fan in + fan out)), and biases of 0."""
    luck = normals(uniforms(seed, -3 * M, 42))
    weights, used = [], 0
    for fan_in, fan_out in ((1, HIDDEN[0]), HIDDEN, (HIDDEN[1], 1)):
        kernel = luck[used : used + fan_in * fan_out]
        used += fan_in * fan_out
        weights += [np.sqrt(2 / (fan_in + fan_out)) * kernel, np.zeros(fan_out)]
    return np.concatenate(weights)


def layers_of(weights: np.ndarray) -> list[np.ndarray]:
    """Cut Danielle's 53 weights into kernels (fan in, fan out) and biases (1, fan out)."""
    found, used = [], 0
    for fan_in, fan_out in ((1, HIDDEN[0]), HIDDEN, (HIDDEN[1], 1)):
        for rows in (fan_in, 1):
            found.append(weights[used : used + rows * fan_out].reshape(rows, fan_out))
            used += rows * fan_out
    return found


def logit(weights: np.ndarray, x: Any) -> np.ndarray:
    """Return Danielle's logits, large for "real".

    Args:
        weights: Shape (53,).
        x: Notes, shape (n,).

    Returns:
        Shape (n,).
    """
    return _look(weights, np.asarray(x, dtype=float))[0]


def _look(weights: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    w1, b1, w2, b2, w3, b3 = layers_of(weights)
    first = np.tanh(x[:, None] @ w1 + b1)
    second = np.tanh(first @ w2 + b2)
    return (second @ w3 + b3)[:, 0], first, second


def _go_back(
    weights: np.ndarray, x: np.ndarray, first: np.ndarray, second: np.ndarray, push: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the gradient of Σ push · logit in the weights, and in each x."""
    w1, _, w2, _, w3, _ = layers_of(weights)
    top = push[:, None]  # (n, 1)
    upper = top @ w3.T * (1 - second**2)  # (n, 5)
    lower = upper @ w2.T * (1 - first**2)  # (n, 6)
    parts = [x[:, None].T @ lower, lower.sum(0), first.T @ upper, upper.sum(0), second.T @ top]
    gradient = np.concatenate([*(np.ravel(part) for part in parts), [top.sum()]])
    return gradient, (lower @ w1.T)[:, 0]


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 + 0.5 * np.tanh(x / 2)


def gradient_of_danielle(weights: np.ndarray, real: Any, forged: Any) -> np.ndarray:
    """Return the gradient of `drawlib.losses.discriminator_loss` in the weights, shape (53,)."""
    total = np.zeros(len(weights))
    for x, sign in ((np.asarray(real), -1), (np.asarray(forged), 1)):
        value, first, second = _look(weights, x)
        push = sign * _sigmoid(sign * value) / len(x)
        total += _go_back(weights, x, first, second, push)[0]
    return total


def forge(curve: Any, z: Any) -> np.ndarray:
    """Print a note for each z: straight from one of the nine numbers to the next."""
    return np.interp(z, PLACES, curve)


def gradient_of_notes(recipe: str, weights: np.ndarray, forged: Any, real: Any) -> np.ndarray:
    """Return what George's loss asks of each note, times M.

    Args:
        recipe: ``"post"``: the loss is −log D(G(z)), and Danielle's slope is all he has.
            ``"transport"``: the loss is the squared distance between the two sorted piles.
        weights: Danielle's, shape (53,).
        forged: Shape (n,).
        real: Shape (n,); the post's recipe does not look at it.

    Returns:
        The gradient of the sum in each note, shape (n,).

    Raises:
        ValueError: If there is no such recipe.
    """
    forged = np.asarray(forged)
    if check_choice("recipe", recipe, RECIPES) == "post":
        value, first, second = _look(weights, forged)
        return _go_back(weights, forged, first, second, -_sigmoid(-value))[1]
    gradient = np.empty(len(forged))
    order = np.argsort(forged, kind="stable")
    gradient[order] = 2 * (forged[order] - np.sort(real))
    return gradient


def gradient_of_curve(z: Any, notes: Any) -> np.ndarray:
    """Hand the notes' gradient, of a mean over them, on to the nine numbers, shape (9,)."""
    hats = np.stack([np.interp(z, PLACES, hat) for hat in np.eye(len(PLACES))])  # (9, n)
    return hats @ np.asarray(notes) / len(notes)


def new_game(seed: int, curve: Any = PLACES) -> Game:
    """Return a game before its first round: Danielle has been to school, as in the chapter.

    Args:
        seed: 0 to 4,294,967,295; the page shows it.
        curve: George's nine numbers, −5 to 5.

    Returns:
        The game.

    Raises:
        ValueError: If an argument is out of its range.
    """
    curve = check_array("curve", curve, shape=PLACES.shape, at_least=ENDS[0], at_most=ENDS[1])
    weights, adam = new_danielle(seed), Adam()
    for number in range(SCHOOL_ROUNDS):
        x, z, _ = luck_of(seed, number)  # the George of her school prints z as it is
        weights = adam.step(weights, gradient_of_danielle(weights, x, z), SCHOOL_RATE)
    return Game(np.array(curve, dtype=float), weights)


def play_round(game: Game, seed: int, recipe: str | None = None) -> None:
    """Play one round: Danielle learns, and then, where there is a recipe, George does."""
    x, z, again = luck_of(seed, game.round)
    lesson = gradient_of_danielle(game.weights, x, forge(game.curve, z))
    game.weights = game.danielle.step(game.weights, lesson, RATE)
    if recipe is not None:
        notes = gradient_of_notes(recipe, game.weights, forge(game.curve, again), x)
        curve = game.george.step(game.curve, gradient_of_curve(again, notes), RATE)
        game.curve = np.clip(curve, *ENDS)
    game.round += 1


@dataclass(frozen=True)
class Measured:
    """What is measured of a game; the notes stand in rising order."""

    notes: np.ndarray
    w1: float
    mean: float
    deviation: float
    says: float


def measure(game: Game) -> Measured:
    """Measure George's notes by 2,000 evenly spaced z, as the chapter does.

    Returns:
        W₁ to the Treasury's, mean and deviation, and D's mean answer to 200 of his notes.
    """
    even = (np.arange(2_000) + 0.5) / 2_000
    notes = np.sort(forge(game.curve, 10 * even - 5))
    w1 = wasserstein_1d(notes, norm.ppf(even, MU, SIGMA))
    asked = forge(game.curve, -5 + 10 * (np.arange(200) + 0.5) / 200)
    says = _sigmoid(logit(game.weights, asked)).mean()
    return Measured(notes, float(w1), float(notes.mean()), float(notes.std()), float(says))


def density(notes: Any) -> np.ndarray:
    """Return the share of notes in each of 40 bins from −5 to 5, over the bin's width."""
    if not len(notes):
        raise argument_error("notes", "at least one note", notes)
    counts = np.histogram(notes, np.linspace(*ENDS, 41))[0]
    return counts / len(notes) / 0.25
