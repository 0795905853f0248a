"""Be George: the game in Python against its definition and Keras, its script against Python."""

from __future__ import annotations

import io
import json
import re
import subprocess

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from scipy.stats import norm

from drawlib import explorables, game
from drawlib.alignment import crossings
from drawlib.be_george import be_george
from drawlib.distances import wasserstein_1d
from drawlib.explorable import bundle
from drawlib.gan import GAN, GANConfig
from drawlib.losses import discriminator_loss, generator_loss
from tests.drawlib.test_explorables import NODE, needs_node

EVEN = (np.arange(2_000) + 0.5) / 2_000


def node(code, given=None, *, fails=False):
    """Run code after the whole script, with `given` in scope; return what it returns."""
    program = (
        f"{bundle('be-george.js')}\nconst given = {json.dumps(given)};\n"
        f"process.stdout.write(JSON.stringify((() => {{ {code} }})()));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-"], input=program, capture_output=True, text=True
    )
    assert (done.returncode == 0) != fails, done.stderr
    return done.stderr if fails else json.loads(done.stdout)


def states(count=60, seed=0):
    """Random curves and Danielles; some with equal numbers, on the ends, folded, or level."""
    rng = np.random.default_rng(seed)
    found = []
    for k in range(count):
        curve = rng.uniform(-5, 5, 9)
        if k % 4 == 1:
            curve = np.sort(curve)
        elif k % 4 == 2:
            curve = rng.choice(curve[:4], 9)
        weights = rng.normal(0, rng.choice([0.3, 1, 3]), 53)
        if k % 10 == 3:
            weights[-6:] = 0
        found.append({"curve": curve.tolist(), "weights": weights.tolist()})
    return found


# The object


def test_it_is_light_and_asks_for_nothing():
    shown = be_george()
    size = len(shown.html.encode())
    print(f"{size:,} bytes of HTML, of which {len(shown.still):,} a picture before base64")
    assert size < 80_000
    assert "http" not in shown.html
    with Image.open(io.BytesIO(shown.still)) as still:
        assert still.width > still.height > 300
    assert len(shown.still) < 20_000
    assert explorables.be_george is be_george


def test_it_is_the_same_each_time_and_starts_as_asked():
    assert be_george().html == be_george(game.PLACES, recipe="post", seed=0).html
    other = be_george([-1] * 9, recipe="transport", seed=7)
    given = json.loads(re.search(r'<script type="application/json">(.*?)</script>', other.html)[1])
    assert given == {"start": {"curve": [-1] * 9, "recipe": "transport", "seed": 7}}
    assert other.still != be_george().still


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"curve": [0] * 8}, r"curve to be .* shape \(9\)"),
        ({"curve": [0] * 8 + [np.nan]}, "curve to be finite"),
        ({"curve": [0] * 8 + [5.1]}, "curve to hold no entry above 5"),
        ({"curve": [-6] + [0] * 8}, "curve to hold no entry below -5"),
        ({"recipe": "luck"}, "recipe to be "),
        ({"seed": -1}, "seed to be a whole number, at least 0"),
        ({"seed": 2**32}, "seed to be a whole number"),
        ({"seed": 0.5}, "seed to be a whole number"),
    ],
)
def test_bad_arguments(change, said):
    with pytest.raises(ValueError, match=f"expected {said}.*; received"):
        be_george(**change)
    if "recipe" in change:
        with pytest.raises(ValueError, match=f"expected {said}"):
            game.gradient_of_notes("luck", np.zeros(53), [0.0], [0.0])


# The game in Python, against what it says it is


def gan_with(weights):
    """Return a GAN of the package with these weights for Danielle."""
    gan = GAN(GANConfig(), seed=0)
    gan.discriminator.set_weights(game.layers_of(weights))
    return gan


def test_danielle_and_her_gradients_are_those_of_the_package():
    rng = np.random.default_rng(1)
    for state in states(8, seed=1):
        weights = np.array(state["weights"]) / 2
        gan = gan_with(weights)
        real, forged = np.float32(rng.normal(-1, 1, 50)), np.float32(rng.uniform(-5, 5, 50))
        judged = gan.judge(forged[:, None])[:, 0]
        np.testing.assert_allclose(
            1 / (1 + np.exp(-game.logit(weights, forged))), judged, atol=2e-6
        )
        notes = tf.Variable(forged[:, None])
        D = gan.discriminator
        with tf.GradientTape(persistent=True) as tape:
            d_loss = discriminator_loss(D(real[:, None]), D(notes))
            g_loss = generator_loss(D(notes))
        slopes = tape.gradient(d_loss, D.trainable_variables)
        ours = game.layers_of(game.gradient_of_danielle(weights, real, forged))
        for layer, slope in zip(ours, slopes, strict=True):
            np.testing.assert_allclose(layer, slope, atol=2e-5)
        by_tape = 50 * tape.gradient(g_loss, notes).numpy()[:, 0]
        pushed = game.gradient_of_notes("post", weights, forged, real)
        np.testing.assert_allclose(pushed, by_tape, atol=2e-5)


def softplus(x):
    return np.logaddexp(0, x)


def test_gradients_are_slopes():
    """Against differences of the losses, in float64."""
    rng = np.random.default_rng(2)
    h = 1e-6
    for state in states(6, seed=2):
        weights, curve = np.array(state["weights"]), np.array(state["curve"])
        x, z, _ = game.luck_of(5, 3)

        forged = game.forge(curve, z)

        def d_loss(weights, x=x, forged=forged):
            wrong = softplus(-game.logit(weights, x)) + softplus(game.logit(weights, forged))
            return wrong.mean()

        def g_losses(curve, weights=weights, x=x, z=z):
            notes = game.forge(curve, z)
            transport = ((np.sort(notes) - np.sort(x)) ** 2).mean()
            return {"post": softplus(-game.logit(weights, notes)).mean(), "transport": transport}

        gradient = game.gradient_of_danielle(weights, x, game.forge(curve, z))
        way = rng.normal(size=53)
        slope = (d_loss(weights + h * way) - d_loss(weights - h * way)) / (2 * h)
        np.testing.assert_allclose(gradient @ way, slope, rtol=1e-5, atol=1e-7)
        if len(set(curve)) < 9:
            continue  # where notes tie, their pairing has a kink
        for recipe in game.RECIPES:
            notes = game.gradient_of_notes(recipe, weights, game.forge(curve, z), x)
            gradient = game.gradient_of_curve(z, notes)
            for k, one in enumerate(np.eye(9)):
                up, down = (g_losses(curve + way * h * one)[recipe] for way in (1, -1))
                np.testing.assert_allclose(gradient[k], (up - down) / (2 * h), atol=1e-5)


def test_adam_steps_as_keras_does():
    rng = np.random.default_rng(3)
    values = rng.normal(size=7)
    variable = tf.Variable(np.float32(values))
    theirs, ours = keras.optimizers.Adam(0.02, beta_1=0.5), game.Adam()
    for _ in range(20):
        gradient = rng.normal(size=7)
        values = ours.step(values, gradient, 0.02)
        theirs.apply([tf.constant(np.float32(gradient))], [variable])
    np.testing.assert_allclose(variable, values, atol=2e-5)


def test_luck_is_what_it_should_be():
    x, z, again = (
        np.array(part) for part in zip(*map(game.luck_of, [4] * 200, range(200)), strict=True)
    )
    assert abs(x.mean() + 1) < 4 / np.sqrt(x.size)
    assert abs(x.var() - 1) < 4 * np.sqrt(2 / x.size)
    strata = np.floor((np.stack([z, again]) + 5) * 20)
    assert (strata == np.arange(200)).all()
    assert len(np.unique(np.concatenate([z, again]))) == 2 * z.size
    assert (game.luck_of(4, 0)[0] != game.luck_of(5, 0)[0]).all()


def test_measures_are_those_of_the_package():
    for state in states(20, seed=4):
        seen = game.measure(game.Game(np.array(state["curve"]), np.array(state["weights"])))
        notes = np.interp(10 * EVEN - 5, np.linspace(-5, 5, 9), state["curve"])
        np.testing.assert_allclose(seen.w1, wasserstein_1d(notes, norm.ppf(EVEN, -1, 1)))
        np.testing.assert_allclose([seen.mean, seen.deviation], [notes.mean(), notes.std()])
        np.testing.assert_allclose(game.density(notes).sum() / 4, 1)
    with pytest.raises(ValueError, match="expected notes to be at least one note"):
        game.density([])


def test_school_teaches_the_best_answer():
    x = np.linspace(-5, 5, 201)
    for seed in range(3):
        taught = 1 / (1 + np.exp(-game.logit(game.new_game(seed).weights, x)))
        best = norm.pdf(x, -1, 1) / (norm.pdf(x, -1, 1) + 0.1)
        assert abs(taught - best).mean() < 0.1


# The script against Python


MEASURES = """return given.map(({curve, weights}) => {
  const x = Array.from({length: 101}, (_, k) => -5 + k / 10);
  const seen = measure({curve, weights});
  const real = luckOf(9, 2).x;
  const forged = forge(curve, luckOf(9, 2).z);
  return {
    D: x.map((at) => sigmoid(logit(weights, at))),
    push: x.map((at) => pushAt(weights, at)),
    gradient: [...gradientOfDanielle(weights, real, forged)],
    curve: RECIPES.map((recipe) => [...gradientOfCurve(luckOf(9, 2).z,
      gradientOfNotes(recipe, weights, forged, real))]),
    measured: [seen.w1, seen.mean, seen.deviation, seen.says],
    density: [...density(seen.notes)],
    crossings: crossings(SHOWN, forge(curve, SHOWN)),
  };
});"""


@needs_node
def test_sixty_states_agree():
    """D's value, all gradients, W1 and the densities: the issue asks for agreement."""
    found = states()
    x = -5 + np.arange(101) / 10
    real, z, _ = game.luck_of(9, 2)
    shown = -5 + 10 * (np.arange(40) + 0.5) / 40
    worst = dict.fromkeys(["D", "slopes", "measures", "densities"], 0.0)

    def gap(name, one, other):
        worst[name] = max(worst[name], float(np.abs(np.subtract(one, other)).max()))

    for state, page in zip(found, node(MEASURES, found), strict=True):
        curve, weights = np.array(state["curve"]), np.array(state["weights"])
        forged = game.forge(curve, z)
        gap("D", page["D"], 1 / (1 + np.exp(-game.logit(weights, x))))
        gap("slopes", page["push"], -game.gradient_of_notes("post", weights, x, x))
        gap("slopes", page["gradient"], game.gradient_of_danielle(weights, real, forged))
        for recipe, gradient in zip(game.RECIPES, page["curve"], strict=True):
            notes = game.gradient_of_notes(recipe, weights, forged, real)
            if recipe == "post" or len(set(curve)) == 9:  # where notes tie, any order is right
                gap("slopes", gradient, game.gradient_of_curve(z, notes))
        notes = np.interp(10 * EVEN - 5, np.linspace(-5, 5, 9), curve)
        w1 = wasserstein_1d(notes, norm.ppf(EVEN, -1, 1))
        says = game.measure(game.Game(curve, weights)).says
        gap("measures", page["measured"], [w1, notes.mean(), notes.std(), says])
        gap("densities", page["density"], np.histogram(notes, np.linspace(-5, 5, 41))[0] / 500)
        if len(set(curve)) == 9:
            assert page["crossings"] == crossings(shown, np.interp(shown, game.PLACES, curve))
    print(", ".join(f"{name} {value:.0e}" for name, value in worst.items()), "at most")
    assert max(worst.values()) < 1e-9


@needs_node
def test_quantiles_and_luck_agree():
    u = [1e-4, 0.003, 0.25, 0.5, 0.6, 0.9999, *EVEN[::101]]
    np.testing.assert_allclose(
        node("return given.map(quantile);", u), norm.ppf(u, -1, 1), atol=1e-9
    )
    code = """return given.map(([seed, round]) =>
      Object.values(luckOf(seed, round)).map((a) => [...a]));"""
    asked = [[0, 0], [1, 299], [4711, 100_000], [2**32 - 1, 7]]
    for (seed, number), page in zip(asked, node(code, asked), strict=True):
        np.testing.assert_allclose(page, game.luck_of(seed, number), atol=1e-12)
    for seed in (0, 2**32 - 1):
        page = node("return [...newDanielle(given)];", seed)
        np.testing.assert_allclose(page, game.new_danielle(seed), atol=1e-12)


@needs_node
@pytest.mark.parametrize("recipe", [None, *game.RECIPES])
def test_games_agree_step_for_step(recipe):
    """From the same start, school and all, for forty rounds."""
    code = """const game = newGame(given.seed, given.curve);
    const path = [];
    for (let k = 0; k < 40; k++) {
      playRound(game, luckOf(given.seed, game.round), given.recipe);
      path.push([...game.curve, ...game.weights]);
    }
    return path;"""
    for seed, curve in ((0, game.PLACES), (8, np.array([-4, 3, -3, 2, -2, 1, -1, 0, -0.5]))):
        given = {"seed": seed, "curve": curve.tolist(), "recipe": recipe}
        ours = game.new_game(seed, curve)
        for page in node(code, given):
            game.play_round(ours, seed, recipe)
            np.testing.assert_allclose(page, [*ours.curve, *ours.weights], atol=1e-6)
        moved = abs(ours.curve - curve).max()
        assert moved == 0 if recipe is None else moved > 0.3


# What the page says


@needs_node
@pytest.mark.parametrize("name", ["straight", "alike"])
def test_transport_wins(name):
    """What the page shows with the settings it ships: twenty seeds, both recipes."""
    code = """const ends = [];
    for (let seed = 0; seed < 20; seed++) {
      const start = newGame(seed, STARTS[given]);
      ends.push(RECIPES.map((recipe) => {
        const game = copyOf(start);
        const early = start.round + 100;
        let before = 0;
        while (game.round < start.round + ROUNDS) {
          playRound(game, luckOf(seed, game.round), recipe);
          if (game.round === early) before = measure(game).w1;
        }
        return [measure(game).w1, crossings(SHOWN, forge(game.curve, SHOWN)), before];
      }));
    }
    return ends;"""
    w1, crossed, early = np.array(node(code, name)).transpose(2, 1, 0)  # (recipe, seed) each
    for recipe, ends in zip(game.RECIPES, w1, strict=True):
        low, middle, high = np.quantile(ends, [0, 0.5, 1])
        print(f"{name}, {recipe}: W1 {low:.3f} to {high:.3f}, median {middle:.3f}")
    assert (w1[1] < w1[0]).sum() >= 19
    assert w1[1].max() < 0.1  # what the page calls good money
    assert np.median(w1[0]) > 2 * np.median(w1[1])
    ahead = (early[1] < early[0]).sum()  # after a hundred rounds, as the chapter says
    if name == "straight":
        assert crossed[1].max() == 0
        assert ahead <= 1
    else:
        assert ahead >= 19


@needs_node
def test_why_it_wins_is_true():
    """Notes in one place get one push, and none where D is level; each partner is another."""
    found = states(12, seed=6)
    code = """return given.map(({curve, weights}) => {
      const level = weights.map((w, k) => (k < 47 ? w : 0));
      const ones = [0.5, 0.5, -2, 0.5];
      const notes = forge(curve, SHOWN);
      return {
        same: [...gradientOfNotes("post", weights, ones, [])],
        level: [...gradientOfNotes("post", level, notes, [])],
        partners: [...gradientOfNotes("transport", weights, notes, SHOWN_REAL)]
          .map((pull, k) => notes[k] - pull / 2),
      };
    });"""
    for told in node(code, found):
        assert told["same"][0] == told["same"][1] == told["same"][3]
        assert not np.any(told["level"])
        real = norm.ppf((np.arange(40) + 0.5) / 40, -1, 1)
        np.testing.assert_allclose(np.sort(told["partners"]), real, atol=1e-9)


@needs_node
def test_the_verdict():
    """D = ½ is no proof: a George who prints one number may have a Danielle who sleeps."""
    code = """return given.map(([says, w1, mean, deviation]) =>
      verdict({says, w1, mean, deviation}, "your"));"""
    cases = {
        (0.5, 0.80, -1, 0): ["is fooled: she says 0.50", "But W₁ = 0.80: the notes are too alike"],
        (0.12, 1.84, 0, 2.9): ["through your notes: she says 0.12", "And W₁ = 1.84: .* too far"],
        (0.3, 1.5, 0.5, 1.1): ["sees through", "the numbers are too large"],
        (0.3, 1.5, -3, 0.9): ["sees through", "the numbers are too small"],
        (0.49, 0.05, -1, 1): ["is fooled", "And W₁ = 0.05: rightly so"],
        (0.3, 0.05, -1, 1): ["sees through", "Yet W₁ = 0.05: it is good money"],
        (0.5, 0.14, -1, 0.95): ["is fooled", "But W₁ = 0.14: near, but not there"],
        (0.5, 0.4, -1, 1): ["is fooled", "the notes are not where real ones are"],
    }  # fmt: skip
    for said, wanted in zip(node(code, list(cases)), cases.values(), strict=True):
        for sentence, pattern in zip(said, wanted, strict=True):
            assert re.search(pattern, sentence)
    asleep = game.Game(np.full(9, -1.0), np.zeros(53))
    seen = game.measure(asleep)
    assert seen.says == 0.5
    assert 0.79 < seen.w1 < 0.81


# Bad input


@needs_node
def test_no_state_is_too_bad_to_be_shown():
    code = """
    const bad = [NaN, undefined, null, "7", {}, [], true, Infinity, -Infinity, 1e300, -1e300, 0.1];
    const now = {seed: 5, recipe: "transport", curve: PLACES.map(() => 0.5)};
    return bad.flatMap((value) => [
      soundGeorge({seed: value, recipe: value, curve: value}, now),
      soundGeorge({curve: PLACES.map(() => value)}, now),
      soundGeorge({curve: [value]}, now),
    ]);"""
    for state in node(code):
        assert state["seed"] == int(state["seed"])
        assert 0 <= state["seed"] < 2**32
        assert state["recipe"] == "transport"
        assert len(state["curve"]) == 9
        assert all(-5 <= x <= 5 for x in state["curve"])
        assert state["curve"][8] == 0.5 or len(set(state["curve"])) == 1


@needs_node
def test_the_arrow_under_the_pointer():
    code = "return given.map(([curve, at, height]) => nearestArrow(curve, at, height));"
    straight, alike = game.PLACES.tolist(), [-1.0] * 9
    asked = [
        [straight, 0.1, 1],
        [straight, -9, 0.5],
        [alike, -3, 0.5],
        [alike, 4.9, 0],
        [alike, 0, 1],
    ]
    assert node(code, asked) == [4, 0, 0, 8, 0]
