import numpy as np

from drawlib.batches import dynamic_batch

IMAGES = np.linspace(0, 1, 7, dtype=np.float32)[:, None, None] * np.ones((7, 2, 3), np.float32)


def batch(step, seed=0, images=IMAGES):
    return dynamic_batch(images, step, seed=seed, size=3, noise=(4, 5))


def test_a_batch_depends_on_seed_and_step_alone():
    first, again = batch(5), batch(5)
    batch(400)  # another epoch in between
    for name, shape in (("x", (3, 2, 3)), ("eps", (3, 4, 5))):
        assert first[name].shape == shape
        assert first[name].dtype == np.float32
        np.testing.assert_array_equal(first[name], again[name])
        np.testing.assert_array_equal(first[name], batch(5)[name])
    assert np.any(first["eps"] != batch(6)["eps"])
    assert np.any(first["eps"] != batch(5, seed=1)["eps"])


def test_an_epoch_shows_each_image_at_most_once_and_the_next_another_order():
    black = np.eye(7, dtype=np.float32)[:, :, None]  # image i has its one black pixel in row i
    orders = []
    for epoch in range(30):
        shown = [np.argmax(batch(2 * epoch + i, images=black)["x"][:, :, 0], 1) for i in range(2)]
        orders.append(tuple(np.concatenate(shown)))
        assert len(set(orders[-1])) == 6
    assert len(set(orders)) > 20
    assert set(np.concatenate(orders)) == set(range(7))  # the one left over is not always the same


def test_pixels_are_black_as_often_as_they_are_grey():
    grey = np.full((3, 50, 50), 0.3, np.float32)
    x = np.stack([batch(step, images=grey)["x"] for step in range(20)])
    assert set(np.unique(x)) == {0.0, 1.0}
    assert abs(x.mean() - 0.3) < 0.01
    assert np.any(x[0] != x[1])


def test_the_noise_is_standard_normal():
    eps = np.stack([batch(step)["eps"] for step in range(500)])
    assert abs(eps.mean()) < 0.03
    assert abs(eps.std() - 1) < 0.03
