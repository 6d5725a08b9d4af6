import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.simulation import Sensor


def test_without_noise_it_rounds_and_saturates():
    radiance = np.array([-0.1, 0.0, 0.5, 1.0, 7.0], np.float32)
    np.testing.assert_array_equal(Sensor().expose(radiance), np.array([0, 0, 128, 255, 255], np.uint8))
    deep = Sensor(bits=16).expose(radiance)
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(deep, [0, 0, 32768, 65535, 65535])


def test_noise_has_the_size_asked_for():
    radiance = np.full((300, 300), 0.4, np.float32)
    read = Sensor(bits=16, read_noise=0.01).expose(radiance, seed=1) / 65535
    assert read.std() == pytest.approx(0.01, rel=0.02)
    assert read.mean() == pytest.approx(0.4, abs=2e-4)
    photons = Sensor(bits=16, full_well=1000).expose(radiance, seed=1) / 65535
    assert photons.std() == pytest.approx(np.sqrt(0.4 / 1000), rel=0.02)


def test_seed_decides_the_noise():
    radiance = np.full((8, 8), 0.4, np.float32)
    sensor = Sensor(read_noise=0.02)
    np.testing.assert_array_equal(sensor.expose(radiance, seed=5), sensor.expose(radiance, seed=5))
    assert not np.array_equal(sensor.expose(radiance, seed=5), sensor.expose(radiance, seed=6))


def test_coarser_converter_fills_the_range_of_the_bits():
    values = np.unique(Sensor(bits=16, adc_bits=4).expose(np.linspace(0, 1, 1000, dtype=np.float32)))
    np.testing.assert_array_equal(values, np.arange(16) * 4369)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"bits": 12}, "bits"),
        ({"read_noise": -1.0}, "read_noise"),
        ({"full_well": 0.0}, "full_well"),
        ({"adc_bits": 9}, "adc_bits"),
    ],
)
def test_bad_sensor_is_named(arguments, name):
    with pytest.raises(InputError, match=name):
        Sensor(**arguments)
