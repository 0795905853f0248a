"""Make the weights that the dream machine shows: two decoders, rounded to 6 or 7 bits.

`python -m tools.dream_weights` reads the networks that come with the package, says how far the
rounded ones draw from them, and writes ``drawlib/pretrained/dream-machine.npz``.
"""

from __future__ import annotations

import dataclasses

import numpy as np

DECODER_BITS, PATCH_BITS = 6, 7
EXAMPLES = 2000  # dreams that the rounding is fitted to


def rounded(found: dict[str, np.ndarray], z: np.ndarray) -> dict[str, np.ndarray]:
    """Round a decoder: its two large kernels to few bits, and the rest to 16.

    Args:
        found: The weights as `drawlib.checkpoints.weights` names them.
        z: Latents to fit the rounding to, shape (T, B, latent_size).

    Returns:
        The weights as `drawlib.dream_machine.decoder` returns them.
    """
    from drawlib.dream_machine import draw_with
    from drawlib.quantize import fine, round_layer

    found = {name: array.astype(np.float64) for name, array in found.items()}
    outputs = draw_with(found, z)[1]  # (T + 1, B, units)
    latent, units = z.shape[2], outputs.shape[2]
    kernel, bias = found["decoder.kernel"], found["decoder.bias"]
    # What z is multiplied with cannot be made good elsewhere: its numbers come alone.
    h = np.append(outputs[:-1].reshape(-1, units), np.ones((z.shape[0] * z.shape[1], 1)), 1)
    layer = round_layer(kernel[latent:], bias, h, bits=DECODER_BITS)
    made = {
        "decoder_z": fine(kernel[:latent]),
        "decoder_h": layer.numbers,
        "decoder_h_scale": layer.scale,
        "decoder_bias": fine(layer.bias),
    }
    kernel, bias = found["write_patch.kernel"], found["write_patch.bias"]
    if "write_window.kernel" in found:
        made |= {"write_patch": fine(kernel), "write_patch_bias": fine(bias)}
        window, window_bias = found["write_window.kernel"], found["write_window.bias"]
        made |= {"write_window": fine(window), "write_window_bias": fine(window_bias)}
    else:
        # A canvas is the sum of what was written so far: that is what must not change.
        sums = np.cumsum(outputs[1:], axis=0)
        steps = np.broadcast_to(np.arange(1, len(sums) + 1)[:, None, None], (*sums.shape[:2], 1))
        sums = np.concatenate([sums, steps], axis=2).reshape(-1, units + 1)
        layer = round_layer(kernel, bias, sums, bits=PATCH_BITS)
        made |= {
            "write_patch": layer.numbers,
            "write_patch_scale": layer.scale,
            "write_patch_bias": fine(layer.bias),
        }
    return {
        name: array if array.dtype == np.int8 else array.astype(np.float32)
        for name, array in made.items()
    }


def main() -> None:
    """Round both networks, measure, and write."""
    from drawlib.chapter import import_tensorflow_quietly

    import_tensorflow_quietly()
    from drawlib import checkpoints, dream_machine

    arrays: dict[str, np.ndarray] = {}
    cards = {}
    for name in dream_machine.NETWORKS:
        model, card = checkpoints.load_draw(checkpoints.pretrained_file(name))
        found = {
            key: array
            for key, array in checkpoints.weights(model).items()
            if key.startswith(("decoder.", "write_"))
        }
        config = model.config
        rng = np.random.default_rng(7)
        z = rng.standard_normal((config.steps, EXAMPLES, config.latent_size))
        made = rounded(found, z)
        fresh = rng.standard_normal((config.steps, 500, config.latent_size))
        exact = {key: array.astype(np.float64) for key, array in found.items()}
        gap = abs(dream_machine.draw(made, fresh)[0] - dream_machine.draw_with(exact, fresh)[0])
        print(f"{name}: 500 dreams differ by {gap.max():.3f} at most, {gap.mean():.5f} on average")
        arrays |= {f"{name}/{key}": array for key, array in made.items()}
        cards[name] = {
            "config": dataclasses.asdict(config),
            "bound": card["bound"]["test"],
            "sha256": card["sha256"],
        }
    file = checkpoints.pretrained_file(dream_machine.NETWORKS[0]).with_name("dream-machine.npz")
    command = "python -m tools.dream_weights"
    checkpoints.write_checkpoint(file, arrays, {"command": command, "networks": cards})
    print(f"{file.name}: {file.stat().st_size / 1e3:.0f} KB")


if __name__ == "__main__":
    main()
