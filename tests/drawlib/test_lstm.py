"""The LSTM against Keras' own."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from drawlib.lstm import LSTM

N_IN, UNITS = 5, 7


@pytest.fixture
def ours():
    return LSTM(N_IN, UNITS, seeds=(3, 4))


def test_it_steps_as_the_cell_of_keras_does(ours):
    rng = np.random.default_rng(0)
    for weight in ours.trainable_weights:
        weight.assign(rng.normal(size=weight.shape))
    cell = keras.layers.LSTMCell(UNITS)
    cell.build((None, N_IN))
    kernel, bias = ours.get_weights()
    cell.set_weights([kernel[:N_IN], kernel[N_IN:], bias])
    state = tuple(tf.constant(rng.normal(size=(3, UNITS)), tf.float32) for _ in range(2))
    theirs = list(state)
    for _ in range(4):
        x = tf.constant(rng.normal(size=(3, N_IN)), tf.float32)
        state, theirs = ours(x, state), cell(x, theirs)[1]
    np.testing.assert_allclose(state[0], theirs[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state[1], theirs[1], rtol=1e-5, atol=1e-6)


def test_it_begins_as_the_cell_of_keras_does(ours):
    cell = keras.layers.LSTMCell(
        UNITS,
        kernel_initializer=keras.initializers.GlorotUniform(3),
        recurrent_initializer=keras.initializers.Orthogonal(seed=4),
    )
    cell.build((None, N_IN))
    of_x, of_h, bias = cell.get_weights()
    np.testing.assert_array_equal(ours.kernel, np.concatenate([of_x, of_h]))
    np.testing.assert_array_equal(ours.bias, bias)


def test_another_seed_begins_elsewhere(ours):
    for seeds in ((3, 5), (5, 4)):
        other = LSTM(N_IN, UNITS, seeds=seeds)
        assert (np.asarray(ours.kernel) != np.asarray(other.kernel)).any()
