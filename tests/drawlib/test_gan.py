"""The GAN: one step written out, many games against one, and what `fit` promises."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from drawlib.gan import GAN, GANConfig
from drawlib.losses import discriminator_loss, generator_loss
from drawlib.perceptron import Perceptron

RNG = np.random.default_rng(0)


def weights_of(gan):
    return gan.discriminator.trainable_variables + gan.generator.trainable_variables


def new_gan(seed=0, optimizer=keras.optimizers.SGD, rate=0.1, **config):
    gan = GAN(GANConfig(**config), seed=seed)
    gan.compile(optimizer(rate), optimizer(rate))
    return gan


def notes(*lead, m=16, steps=4, size=1):
    examples = RNG.normal(-1, 1, (steps, *lead, m, size)).astype("float32")
    return tf.data.Dataset.from_tensor_slices(examples)


# --- the configuration


def test_config_defaults_are_the_posts_sizes():
    config = GANConfig()
    assert (config.hidden, config.latent_range, config.lead) == ((6, 5), (-5.0, 5.0), ())
    assert GANConfig(ensemble=3).lead == (3,)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("data_size", 0),
        ("latent_size", 1.5),
        ("hidden", ()),
        ("hidden", [6, 5]),
        ("hidden", (6, 0)),
        ("activation", "sigmoid"),
        ("latent_range", (1.0,)),
        ("latent_range", (1.0, 1.0)),
        ("latent_range", (0.0, float("nan"))),
        ("ensemble", -1),
        ("ensemble", True),
    ],
)
def test_config_refuses(field, value):
    with pytest.raises(ValueError, match=rf"expected {field}.* to be .*; received"):
        GANConfig(**{field: value})


@pytest.mark.parametrize("config", [None, {"hidden": (6, 5)}])
def test_gan_wants_a_config(config):
    with pytest.raises(ValueError, match="expected config to be a GANConfig; received"):
        GAN(config)


@pytest.mark.parametrize("seed", [-1, 0.5, "0"])
def test_gan_refuses_seeds(seed):
    with pytest.raises(ValueError, match=r"expected seed to be .*; received"):
        GAN(GANConfig(), seed=seed)


# --- one step


def test_one_round_is_algorithm_1_written_out():
    gan, rate, m = new_gan(), 0.1, 16
    x = RNG.normal(-1, 1, (m, 1)).astype("float32")
    D = [tf.Variable(w) for w in gan.discriminator.get_weights()]
    G = [tf.Variable(w) for w in gan.generator.get_weights()]
    state = gan.noise.state.numpy()
    z1, z2 = gan.sample_latent(m), gan.sample_latent(m)
    gan.noise.state.assign(state)
    gan.train_step(tf.constant(x))

    def net(inputs, w):
        hidden = tf.tanh(tf.tanh(inputs @ w[0] + w[1]) @ w[2] + w[3])
        return hidden @ w[4] + w[5]

    with tf.GradientTape() as tape:
        real, forged = tf.sigmoid(net(x, D)), tf.sigmoid(net(net(z1, G), D))
        d_loss = -tf.reduce_mean(tf.math.log(real)) - tf.reduce_mean(tf.math.log(1 - forged))
    for weight, slope in zip(D, tape.gradient(d_loss, D), strict=True):
        weight.assign_sub(rate * slope)
    with tf.GradientTape() as tape:  # George hears the Danielle who has just learned
        g_loss = -tf.reduce_mean(tf.math.log(tf.sigmoid(net(net(z2, G), D))))
    for weight, slope in zip(G, tape.gradient(g_loss, G), strict=True):
        weight.assign_sub(rate * slope)

    for ours, theirs in zip(D + G, weights_of(gan), strict=True):
        np.testing.assert_allclose(theirs, ours, atol=1e-6)
    assert float(gan.d_tracker.result()) == pytest.approx(float(d_loss), rel=1e-5)
    assert float(gan.g_tracker.result()) == pytest.approx(float(g_loss), rel=1e-5)


def test_gradients_equal_finite_differences_in_float64():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("float64")
    try:
        D, G = Perceptron((1, 3, 2, 1), seed=0), Perceptron((1, 3, 2, 1), seed=1)
        x, z = (tf.constant(RNG.normal(size=(8, 1))) for _ in "xz")
        assert D(x).dtype == G(z).dtype == tf.float64

        def d_objective():
            return discriminator_loss(D(x), D(G(z)))

        def g_objective():
            return generator_loss(D(G(z)))

        for objective, net in ((d_objective, D), (g_objective, G)):
            with tf.GradientTape() as tape:
                loss = objective()
            for weight, slope in zip(
                net.trainable_variables, tape.gradient(loss, net.trainable_variables), strict=True
            ):
                before = weight.numpy()
                for index in np.ndindex(*before.shape):
                    sides = []
                    for step in (1e-6, -1e-6):
                        moved = before.copy()
                        moved[index] += step
                        weight.assign(moved)
                        sides.append(float(objective()))
                    weight.assign(before)
                    difference = (sides[0] - sides[1]) / 2e-6
                    assert float(slope[index]) == pytest.approx(difference, abs=1e-7)
    finally:
        keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_many_games_at_once_are_the_games_alone(optimizer):
    games, m, rounds = 3, 8, 4
    many = new_gan(optimizer=optimizer, ensemble=games)
    start = [w.numpy() for w in weights_of(many)]
    x = RNG.normal(-1, 1, (rounds, games, m, 1)).astype("float32")
    z = RNG.uniform(-5, 5, (2 * rounds, games, m, 1)).astype("float32")

    def play(gan, pick):
        draws = iter(z)
        gan.sample_latent = lambda n: tf.constant(next(draws)[pick])
        for batch in x:
            gan.train_step(tf.constant(batch[pick]))

    play(many, slice(None))
    for game in range(games):
        alone = new_gan(optimizer=optimizer)
        for weight, value in zip(weights_of(alone), start, strict=True):
            weight.assign(value[game])
        play(alone, game)
        for one, all_of_them in zip(weights_of(alone), weights_of(many), strict=True):
            np.testing.assert_allclose(all_of_them[game], one, atol=2e-5)


# --- fit, evaluate, generate, judge


def test_fit_reports_both_losses_an_epoch_and_learns():
    gan = new_gan(optimizer=keras.optimizers.Adam, rate=0.01)
    before = [w.numpy() for w in weights_of(gan)]
    history = gan.fit(notes(steps=5), epochs=3, verbose=0).history
    assert sorted(history) == ["d_loss", "g_loss"]
    assert all(len(values) == 3 and np.isfinite(values).all() for values in history.values())
    assert len(set(history["d_loss"])) == 3  # the mean of an epoch, not of all so far
    for old, new in zip(before, weights_of(gan), strict=True):
        assert not np.array_equal(old, new)


def test_fit_is_the_same_for_the_same_seed():
    data = notes(steps=6)
    one, same, other = (new_gan(seed=seed) for seed in (1, 1, 2))
    for gan in (one, same, other):
        gan.fit(data, verbose=0)
    for a, b in zip(weights_of(one), weights_of(same), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(one.generate(4), same.generate(4))
    assert not np.array_equal(one.generate(4), other.generate(4))


def test_unseeded_gans_differ():
    first, second = (GAN(GANConfig()).generator.get_weights()[0] for _ in "ab")
    assert not np.array_equal(first, second)


def test_evaluate_measures_and_changes_no_weight():
    gan = new_gan()
    before = [w.numpy() for w in weights_of(gan)]
    state = gan.noise.state.numpy()
    x = RNG.normal(-1, 1, (32, 1)).astype("float32")
    result = gan.evaluate(tf.data.Dataset.from_tensors(x), verbose=0, return_dict=True)
    for old, new in zip(before, weights_of(gan), strict=True):
        np.testing.assert_array_equal(old, new)
    gan.noise.state.assign(state)
    forged = gan.discriminator(gan.generator(gan.sample_latent(32)))
    expected = float(discriminator_loss(gan.discriminator(x), forged))
    assert result["d_loss"] == pytest.approx(expected, rel=1e-5)
    assert result["g_loss"] == pytest.approx(float(generator_loss(forged)), rel=1e-5)


@pytest.mark.parametrize("ensemble", [0, 3])
@pytest.mark.parametrize(("data_size", "latent_size"), [(1, 1), (2, 4)])
def test_shapes(ensemble, data_size, latent_size):
    gan = new_gan(ensemble=ensemble, data_size=data_size, latent_size=latent_size)
    lead = (ensemble,) if ensemble else ()
    gan.fit(notes(*lead, size=data_size), verbose=0)
    assert gan.generate(7).shape == (*lead, 7, data_size)
    assert gan.sample_latent(7).shape == (*lead, 7, latent_size)
    judged = gan.judge(RNG.normal(size=(*lead, 7, data_size)))
    assert judged.shape == (*lead, 7, 1)
    assert ((judged >= 0) & (judged <= 1)).all()


def test_calling_a_gan_forges():
    gan = new_gan()
    z = gan.sample_latent(5)
    np.testing.assert_array_equal(gan(z), gan.generator(z))


def test_noise_is_uniform_over_its_range_and_fresh():
    gan = GAN(GANConfig(latent_range=(2.0, 3.0)), seed=0)
    z = gan.sample_latent(20_000).numpy()
    assert z.min() >= 2
    assert z.max() <= 3
    assert z.mean() == pytest.approx(2.5, abs=0.01)
    assert z.std() == pytest.approx(1 / np.sqrt(12), abs=0.01)
    assert not np.array_equal(z, gan.sample_latent(20_000))


def test_judge_is_the_probability_of_the_logit():
    gan = new_gan()
    x = np.array([[0.0], [1.0]])
    logits = gan.discriminator(x.astype("float32")).numpy()
    np.testing.assert_allclose(gan.judge(x), 1 / (1 + np.exp(-logits)), rtol=1e-6)


def test_george_learns_the_mean():
    gan = GAN(GANConfig(ensemble=8), seed=0)
    gan.compile(keras.optimizers.Adam(1e-2, beta_1=0.5), keras.optimizers.Adam(1e-3, beta_1=0.5))
    examples = RNG.normal(2, 0.5, (400, 8, 128, 1)).astype("float32")
    assert abs(np.median(gan.generate(1_000).mean(axis=(1, 2))) - 2) > 1
    gan.fit(tf.data.Dataset.from_tensor_slices(examples), verbose=0)
    means = gan.generate(1_000).mean(axis=(1, 2))
    assert np.median(abs(means - 2)) < 0.3


# --- bad input


def test_one_optimizer_cannot_serve_two():
    shared = keras.optimizers.Adam(1e-3)
    with pytest.raises(ValueError, match="expected g_optimizer to be another object than d_optim"):
        GAN(GANConfig()).compile(shared, shared)


@pytest.mark.parametrize("bad", ["adam", None, 0.1])
def test_compile_wants_optimizers(bad):
    with pytest.raises(ValueError, match="expected d_optimizer to be a Keras optimiser; received"):
        GAN(GANConfig()).compile(bad, keras.optimizers.Adam())
    with pytest.raises(ValueError, match="expected g_optimizer to be a Keras optimiser; received"):
        GAN(GANConfig()).compile(keras.optimizers.Adam(), bad)


@pytest.mark.parametrize("shape", [(16,), (16, 2), (3, 16, 1)])
def test_a_single_gan_refuses_examples_of_another_shape(shape):
    x = tf.zeros(shape)
    for step in (new_gan().train_step, new_gan().test_step):
        with pytest.raises(ValueError, match=r"expected x to be of shape \(M, 1\); received"):
            step(x)


@pytest.mark.parametrize("shape", [(16, 1), (2, 16, 1), (3, 16, 2)])
def test_an_ensemble_refuses_examples_of_another_shape(shape):
    gan = new_gan(ensemble=3)
    with pytest.raises(ValueError, match=r"expected x to be of shape \(3, M, 1\); received"):
        gan.train_step(tf.zeros(shape))
    with pytest.raises(ValueError, match=r"expected x to be an array .*\(3, M, 1\); received"):
        gan.judge(np.zeros(shape))


def test_fit_accepts_minibatches_of_unknown_size():
    gan = new_gan()
    data = tf.data.Dataset.from_tensor_slices(np.zeros((10, 1), "float32")).batch(4)
    history = gan.fit(data, verbose=0).history
    assert np.isfinite(history["d_loss"]).all()


@pytest.mark.parametrize("n", [0, -1, 2.0, True, "5"])
def test_generate_refuses(n):
    with pytest.raises(ValueError, match=r"expected n to be a whole number, at least 1; received"):
        new_gan().generate(n)


@pytest.mark.parametrize("x", [[["a"]], [[float("nan")]], None])
def test_judge_refuses(x):
    with pytest.raises(ValueError, match=r"expected x to be .*; received"):
        new_gan().judge(x)
