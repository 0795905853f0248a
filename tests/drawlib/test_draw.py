"""DRAW against an independent NumPy version of the paper's equations, and as a Keras model."""

import dataclasses
import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from drawlib.bundled import load_bundled
from drawlib.checkpoints import weights
from drawlib.draw import DRAW
from drawlib.draw_network import DRAWConfig

SMALL = {"height": 6, "width": 8, "units": 7, "latent_size": 3, "steps": 4}
CONFIGS = {
    "attention": DRAWConfig(read_size=3, write_size=2, **SMALL),
    "one filter": DRAWConfig(read_size=1, write_size=1, **SMALL),
    "no attention": DRAWConfig(read_attention=False, write_attention=False, **SMALL),
    "reads all": DRAWConfig(write_size=5, read_attention=False, **SMALL),
    "writes all": DRAWConfig(read_size=2, write_attention=False, **SMALL),
}
every_config = pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)


def inputs(config, count=5, seed=0):
    """Return images of 0 and 1, and noise."""
    rng = np.random.default_rng(seed)
    x = (rng.random((count, config.height, config.width)) < 0.4).astype("float32")
    return x, rng.normal(size=(config.steps, count, config.latent_size)).astype("float32")


def unsettle(model, seed=1):
    """Give every weight a value of some size, so that no term is near zero."""
    rng = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        weight.assign(rng.normal(scale=0.4, size=weight.shape))
    return model


def arrays(traced):
    return {n: ops.convert_to_numpy(value).astype("float64") for n, value in traced.items()}


# --- the equations, one image at a time, in float64 and in plain loops ---------------------


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm(w, name, inputs, state):
    h, c = state
    gates = np.concatenate([inputs, h]) @ w[f"{name}.kernel"] + w[f"{name}.bias"]
    i, f, g, o = np.split(gates, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def one_filter(centre, sigma2, pixels):
    row = np.array([np.exp(-((a - centre) ** 2) / (2 * sigma2)) for a in range(pixels)])
    return row / row.sum()


def grid(five, size, config):
    H, W = config.height, config.width
    g_x, g_y = (W - 1) / 2 * (five[0] + 1), (H - 1) / 2 * (five[1] + 1)
    sigma2, gamma = np.exp(five[2]), np.exp(five[4])
    delta = (max(H, W) - 1) / max(size - 1, 1) * np.exp(five[3])
    offsets = [(i - (size - 1) / 2) * delta for i in range(size)]
    F_x = np.stack([one_filter(g_x + o, sigma2, W) for o in offsets])
    F_y = np.stack([one_filter(g_y + o, sigma2, H) for o in offsets])
    return F_y, F_x, gamma, np.array([g_x, g_y, delta, sigma2, gamma])


def draw_by_hand(model, x, eps):
    """Return canvases (T, H, W), KL (T,) and windows of one image."""
    config = model.config
    w = {name: value.astype("float64") for name, value in weights(model).items()}

    def linear(name, h):
        return h @ w[f"{name}.kernel"] + w[f"{name}.bias"]

    zeros = np.zeros(config.units)
    canvas, h_dec, enc, dec = np.zeros_like(x), zeros, (zeros, zeros), (zeros, zeros)
    canvases, kls, read_windows, write_windows = [], [], [], []
    for t in range(config.steps):
        parts = [x, x - sigmoid(canvas)]
        if config.read_attention:
            five = linear("read_window", h_dec)
            F_y, F_x, gamma, view = grid(five, config.read_size, config)
            parts = [gamma * F_y @ part @ F_x.T for part in parts]
            read_windows.append(view)
        glimpse = np.concatenate([part.ravel() for part in parts])
        enc = lstm(w, "encoder", np.concatenate([glimpse, h_dec]), enc)
        mu, log_sigma = linear("mu", enc[0]), linear("log_sigma", enc[0])
        sigma = np.exp(log_sigma)
        kls.append(sum(m**2 / 2 + s**2 / 2 - np.log(s) - 0.5 for m, s in zip(mu, sigma)))  # noqa: B905
        dec = lstm(w, "decoder", mu + sigma * eps[t], dec)
        h_dec = dec[0]
        patch = linear("write_patch", h_dec)
        if config.write_attention:
            F_y, F_x, gamma, view = grid(linear("write_window", h_dec), config.write_size, config)
            patch = F_y.T @ patch.reshape(config.write_size, -1) @ F_x / gamma
            write_windows.append(view)
        canvas = canvas + patch.reshape(config.height, config.width)
        canvases.append(canvas)
    return canvases, kls, read_windows, write_windows


@every_config
def test_every_step_follows_the_paper(config):
    model = unsettle(DRAW(config, seed=0))
    x, eps = inputs(config)
    traced = arrays(model.trace(x, eps))
    for b in range(len(x)):
        canvases, kls, reading, writing = draw_by_hand(model, x[b].astype("float64"), eps[:, b])
        np.testing.assert_allclose(traced["canvases"][:, b], canvases, rtol=2e-4, atol=2e-4)
        np.testing.assert_allclose(traced["kl"][:, b], kls, rtol=2e-4)
        if config.read_attention:
            np.testing.assert_allclose(traced["read_windows"][:, b], reading, rtol=2e-4)
        if config.write_attention:
            np.testing.assert_allclose(traced["write_windows"][:, b], writing, rtol=2e-4)
    assert ("read_windows" in traced) == config.read_attention
    assert ("write_windows" in traced) == config.write_attention


def test_the_posts_settings_have_the_posts_number_of_parameters():
    model = DRAW(DRAWConfig(), seed=0)
    assert model.count_params() == DRAWConfig().parameters == 864_055
    assert model.encoder.kernel.shape == (562, 1024)
    assert model.decoder.kernel.shape == (266, 1024)


# --- gradients -------------------------------------------------------------------------------


@every_config
def test_the_gradient_reaches_every_variable_and_equals_finite_differences(config):
    model = unsettle(DRAW(config, seed=0, dtype="float64"))
    x, eps = inputs(config, count=3)
    batch = {"x": x, "eps": eps.transpose(1, 0, 2).astype("float64")}

    def loss():
        out = model(batch)
        return tf.reduce_mean(out["Lx"] + out["Lz"])

    with tf.GradientTape() as tape:
        value = loss()
    assert value.dtype == tf.float64
    gradients = tape.gradient(value, model.trainable_variables)
    rng = np.random.default_rng(2)
    for variable, gradient in zip(model.trainable_variables, gradients, strict=True):
        assert np.abs(gradient).max() > 0, variable.path
        direction, start, step = rng.normal(size=variable.shape), variable.numpy(), 1e-6
        variable.assign(start + step * direction)
        above = loss()
        variable.assign(start - step * direction)
        slope = (above - loss()) / (2 * step)
        variable.assign(start)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-5, atol=1e-7)


def test_one_batch_of_digits_is_learned_by_heart():
    digits = (load_bundled()[0][:16] > 127).astype("float32")
    model = DRAW(DRAWConfig(units=128, steps=3, read_size=10, write_size=20), seed=0)
    model.compile(keras.optimizers.Adam(5e-3, global_clipnorm=5.0), steps_per_execution=50)
    data = tf.data.Dataset.from_tensors(digits).repeat()
    model.fit(data, steps_per_epoch=800, verbose=0)
    assert model.bound(digits, seed=0).mean() < 30  # of 784 pixels; blank paper costs 150 or so


# --- three ways to run, one result -----------------------------------------------------------


@every_config
def test_eager_graph_and_xla_agree(config):
    model = unsettle(DRAW(config, seed=0))
    x, eps = map(tf.constant, inputs(config))
    eager = model.trace(x, eps)
    for jit in (False, True):
        compiled = tf.function(model.trace, jit_compile=jit)(x, eps)
        for name, value in eager.items():
            np.testing.assert_allclose(compiled[name], value, rtol=1e-4, atol=1e-4)


@pytest.mark.filterwarnings("ignore:__array__ implementation")  # Keras 3.12 under NumPy 2
def test_saving_and_loading_is_exact(tmp_path):
    model = unsettle(DRAW(CONFIGS["attention"], seed=3))
    x, _ = inputs(model.config)
    model.save(tmp_path / "draw.keras")
    again = keras.saving.load_model(tmp_path / "draw.keras")
    assert again.config == model.config
    np.testing.assert_array_equal(again.bound(x, seed=5), model.bound(x, seed=5))


JAX_SMOKE = """
import keras, numpy as np
from drawlib.draw import DRAW
from drawlib.draw_network import DRAWConfig
assert keras.backend.backend() == "jax"
config = DRAWConfig(height=6, width=8, read_size=3, write_size=2, units=7, latent_size=3, steps=2)
model = DRAW(config, seed=0)
model.compile(keras.optimizers.Adam(1e-3))
x = (np.random.default_rng(0).random((8, 6, 8)) < 0.4).astype("float32")
history = model.fit(x, epochs=2, batch_size=4, verbose=0).history
assert all(np.isfinite(value).all() for value in history.values()), history
assert sorted(history) == ["Lx", "Lz", "kl_1", "kl_2", "loss"], history
assert model.generate(3, windows=True).write_windows.shape == (2, 3, 5)
assert model.bound(x, samples=2, seed=0).shape == (8,)
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_the_same_code_runs_under_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    subprocess.run([sys.executable, "-c", JAX_SMOKE], check=True, env=environment)


# --- training as Keras' users know it --------------------------------------------------------


def test_the_history_holds_both_losses_and_every_steps_kl():
    model = DRAW(dataclasses.replace(CONFIGS["attention"], steps=2), seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    x, _ = inputs(model.config, count=12)
    history = model.fit(x, epochs=2, batch_size=4, validation_data=x, verbose=0).history
    names = {"loss", "Lx", "Lz", "kl_1", "kl_2"}
    assert set(history) == names | {f"val_{name}" for name in names}
    assert {len(values) for values in history.values()} == {2}
    np.testing.assert_allclose(np.add(history["Lx"], history["Lz"]), history["loss"], rtol=1e-5)
    kls = [history["kl_1"], history["kl_2"]]
    np.testing.assert_allclose(np.sum(kls, axis=0), history["Lz"], rtol=1e-5)
    assert history["loss"][1] < history["loss"][0]


def test_training_is_the_same_again_for_one_seed():
    losses = []
    for seed in (4, 4, 5):
        model = DRAW(dataclasses.replace(CONFIGS["attention"], steps=2), seed=seed)
        model.compile(keras.optimizers.Adam(1e-2))
        x, _ = inputs(model.config, count=12)
        losses.append(model.fit(x, epochs=2, batch_size=4, shuffle=False, verbose=0).history)
    assert losses[0] == losses[1] != losses[2]


def test_grey_pixels_are_drawn_anew_and_black_and_white_ones_stay():
    model = DRAW(dataclasses.replace(CONFIGS["attention"], steps=1), seed=0)
    for weight in model.trainable_variables:
        weight.assign(np.zeros(weight.shape))  # every logit 0 but for the bias of the patch
    model.write_patch.bias.assign(np.full(4, 3.0))
    binary, grey = inputs(model.config)[0], np.full((5, 6, 8), 0.5, "float32")
    np.testing.assert_array_equal(model(binary)["Lx"], model(binary)["Lx"])
    assert np.any(model(grey)["Lx"] != model(grey)["Lx"])


def test_each_step_has_noise_of_its_own_and_the_prior_costs_nothing():
    model = DRAW(CONFIGS["attention"], seed=0)
    for layer in (model.mu, model.log_sigma):
        for weight in layer.trainable_weights:
            weight.assign(np.zeros(weight.shape))  # Q is N(0, I) whatever the image
    x, _ = inputs(model.config, count=400)
    z = model.encode(x, seed=0).z
    together = np.corrcoef(z.reshape(4, -1))  # 1,200 draws a step
    np.testing.assert_allclose(together, np.eye(4), atol=0.15)
    np.testing.assert_allclose(z.std(), 1, atol=0.05)
    np.testing.assert_array_equal(model(x)["Lz"], np.zeros(400))


# --- its own verbs ---------------------------------------------------------------------------


def test_decoding_the_latents_gives_the_reconstruction_again():
    model = unsettle(DRAW(CONFIGS["attention"], seed=0))
    x, _ = inputs(model.config)
    whole = model.reconstruct(x, windows=True, seed=9)
    again = model.decode(model.encode(x, seed=9).z, windows=True)
    np.testing.assert_allclose(again.canvases, whole.canvases, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(again.write_windows, whole.write_windows, rtol=1e-4)
    assert whole.canvases.shape == (4, 5, 6, 8)
    assert whole.read_windows.shape == whole.write_windows.shape == (4, 5, 5)
    assert again.read_windows is None
    assert whole.canvases.min() >= 0
    assert whole.canvases.max() <= 1


def test_windows_come_only_on_request_and_only_where_there_are_any():
    model = DRAW(CONFIGS["attention"], seed=0)
    assert model.generate(2)[1:] == (None, None)
    assert DRAW(CONFIGS["no attention"], seed=0).generate(2, windows=True)[1:] == (None, None)


def test_generating_is_decoding_noise():
    model = unsettle(DRAW(CONFIGS["attention"], seed=0))
    one, same, other = (model.generate(3, seed=seed).canvases for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.01
    stream = keras.random.SeedGenerator(1)
    z = keras.random.normal((4, 3, 3), seed=stream)
    np.testing.assert_allclose(model.decode(z).canvases, one, rtol=1e-5)
    assert np.any(model.generate(3).canvases != model.generate(3).canvases)


def by_hand_terms(model, x, eps):
    """Return Lx, Lz and log p(x, z)/q(z | x) of each image, in plain NumPy."""
    traced = {
        name: ops.convert_to_numpy(value).astype("float64")
        for name, value in model.trace(x, eps).items()
    }
    p = sigmoid(traced["canvases"][-1])
    Lx = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2))
    sigma = np.exp(traced["log_sigma"])
    log_p = -(traced["z"] ** 2) / 2 - np.log(2 * np.pi) / 2
    log_q = -(((traced["z"] - traced["mu"]) / sigma) ** 2) / 2 - np.log(sigma * np.sqrt(2 * np.pi))
    return Lx, traced["kl"].sum(0), -Lx + (log_p - log_q).sum((0, 2))


def noises(model, count, samples, seed):
    stream = keras.random.SeedGenerator(seed)
    shape = (model.config.steps, count, model.config.latent_size)
    return [keras.random.normal(shape, seed=stream) for _ in range(samples)]


def test_the_bound_with_one_sample_is_both_losses():
    model = unsettle(DRAW(CONFIGS["attention"], seed=0))
    x, _ = inputs(model.config)
    Lx, Lz, _ = by_hand_terms(model, x, noises(model, 5, 1, seed=2)[0])
    np.testing.assert_allclose(model.bound(x, seed=2), Lx + Lz, rtol=1e-4)


def test_the_bound_with_more_samples_is_importance_weighted():
    model = unsettle(DRAW(CONFIGS["attention"], seed=0))
    x, _ = inputs(model.config)
    weights = [by_hand_terms(model, x, eps)[2] for eps in noises(model, 5, 7, seed=2)]
    wanted = -np.log(np.mean(np.exp(np.longdouble(weights)), axis=0))
    np.testing.assert_allclose(model.bound(x, samples=7, seed=2), wanted, rtol=1e-4)


def test_the_bound_is_tighter_the_more_samples():
    model = unsettle(DRAW(CONFIGS["attention"], seed=0))
    x, _ = inputs(model.config, count=200)
    means = [model.bound(x, samples=k, seed=0).mean() for k in (1, 5, 50)]
    assert means[0] > means[1] > means[2]


def test_the_bound_takes_batches_of_any_size():
    model = unsettle(DRAW(CONFIGS["attention"], seed=0))
    x, _ = inputs(model.config, count=7)
    bounds = model.bound(x, batch_size=3, seed=0)
    assert bounds.shape == (7,)
    assert bounds.dtype == np.float64
    np.testing.assert_allclose(bounds[:3], model.bound(x[:3], seed=0), rtol=1e-5)


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("steps", 0, "expected steps to be a whole number, at least 1 and at most 10000; rec"),
        ("units", 10_001, "expected units to be .* at most 10000; received 10001"),
        ("height", 2.5, "expected height to be"),
        ("units", True, "expected units to be"),
        ("latent_size", -1, "expected latent_size to be"),
        ("read_size", 29, "expected read_size to be a whole number, at least 1 and at most 28"),
        ("write_size", 0, "expected write_size to be"),
        ("read_attention", 1, "expected read_attention to be True or False; received 1"),
        ("write_attention", None, "expected write_attention to be True or False"),
    ],
)
def test_a_configuration_out_of_range_is_refused(field, value, wanted):
    with pytest.raises(ValueError, match=wanted):
        DRAWConfig(**{field: value})


def test_the_window_must_fit_the_shorter_side():
    assert DRAWConfig(height=6, width=30, read_size=6, write_size=6).read_size == 6
    with pytest.raises(ValueError, match="at most 6; received 7"):
        DRAWConfig(height=6, width=30, read_size=7, write_size=6)


def test_the_network_refuses_what_is_no_configuration_or_seed():
    with pytest.raises(ValueError, match="expected config to be a DRAWConfig"):
        DRAW({"steps": 3})
    with pytest.raises(ValueError, match="expected seed to be"):
        DRAW(CONFIGS["attention"], seed=-1)


BAD_IMAGES = {
    "rank": (np.zeros((6, 8)), r"shape \(B, 6, 8\)"),
    "shape": (np.zeros((2, 8, 6)), r"shape \(B, 6, 8\)"),
    "dtype": (np.full((2, 6, 8), "a"), "real numbers"),
    "above": (np.full((2, 6, 8), 255), "no entry above 1; received 255"),
    "below": (np.full((2, 6, 8), -0.5), "no entry below 0"),
    "nan": (np.full((2, 6, 8), np.nan), "finite everywhere"),
    "none": (np.zeros((0, 6, 8)), r"shape \(B, 6, 8\)"),
}


@pytest.mark.parametrize("verb", ["encode", "reconstruct", "bound", "fit", "evaluate"])
@pytest.mark.parametrize(("images", "wanted"), BAD_IMAGES.values(), ids=BAD_IMAGES)
def test_bad_images_are_refused(verb, images, wanted):
    model = DRAW(CONFIGS["attention"], seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    with pytest.raises(ValueError, match=f"expected x to .*{wanted}"):
        getattr(model, verb)(images)


def test_a_dataset_of_another_shape_is_refused():
    model = DRAW(CONFIGS["attention"], seed=0)
    model.compile(keras.optimizers.Adam(1e-3))
    data = tf.data.Dataset.from_tensors(np.zeros((2, 8, 6), "float32"))
    with pytest.raises(ValueError, match=r"expected x to be of shape \(B, 6, 8\)"):
        model.fit(data, verbose=0)


def test_the_verbs_refuse_arguments_out_of_range():
    model = DRAW(CONFIGS["attention"], seed=0)
    x, _ = inputs(model.config)
    with pytest.raises(ValueError, match="expected n to be"):
        model.generate(0)
    with pytest.raises(ValueError, match="expected seed to be"):
        model.generate(1, seed=-1)
    with pytest.raises(ValueError, match="expected samples to be"):
        model.bound(x, samples=0)
    with pytest.raises(ValueError, match="expected batch_size to be"):
        model.bound(x, batch_size=0)
    with pytest.raises(ValueError, match="expected x to hold only 0 and 1"):
        model.bound(x * 0.5)
    with pytest.raises(ValueError, match=r"expected z to be .* shape \(4, B, 3\)"):
        model.decode(np.zeros((4, 2, 5)))
