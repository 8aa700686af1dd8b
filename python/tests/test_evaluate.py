"""Folders of images, and the command line."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import mitsume


@pytest.fixture
def evaluation(reference, class_folders):
    return mitsume.evaluate(reference("residual")[0], class_folders, preset="levels")


def test_an_evaluation_is_the_object_of_the_program_with_its_maps(evaluation):
    assert evaluation["data"]["images"] == 20
    maps = evaluation.maps()
    assert maps.cams.shape == (20, 4, 4)
    found = mitsume.consistency(maps.cams, maps.labels, maps.predictions, num_classes=5)
    assert found.accuracy == evaluation["accuracy"]
    if not np.isnan(evaluation.value):
        assert found.value == pytest.approx(evaluation.value, rel=1e-6)
    assert evaluation.consistency().value == pytest.approx(found.value, nan_ok=True)
    assert "kappa" in repr(evaluation)


def test_maps_of_the_predicted_class_are_grouped_by_it(reference, class_folders):
    path = reference("residual")[0]
    evaluation = mitsume.evaluate(path, class_folders, preset="levels", explain="predicted")
    assert evaluation["model"]["explain"] == "predicted"
    assert evaluation["consistency"]["counted"] == 20
    assert evaluation.consistency().value == pytest.approx(evaluation.value, rel=1e-6)


def test_maps_are_those_of_the_model_in_this_process(reference, class_folders):
    path = reference("residual")[0]
    maps = mitsume.evaluate(path, class_folders, preset="levels").maps()
    one = next((class_folders / "class0").glob("0.png"))
    pixels = decoded(one)
    images = np.repeat(pixels[None, None].astype(np.float32) / 255, 3, axis=1)
    found = mitsume.Onnx(path, preset="levels").explain(images, target=int(maps.labels[0]))
    np.testing.assert_allclose(found.maps[0], maps.cams[0], atol=1e-4)


def decoded(path):
    """Pixels of a file of conftest.grey_png."""
    import zlib

    content = path.read_bytes()
    start = content.index(b"IDAT") + 4
    rows = zlib.decompressobj().decompress(content[start:])
    return np.frombuffer(rows, dtype=np.uint8).reshape(32, 33)[:, 1:]


def test_a_report_is_written(reference, class_folders, tmp_path):
    out = tmp_path / "looked"
    mitsume.evaluate(reference("residual")[0], class_folders, preset="levels", out=out)
    page = mitsume.report(out)
    assert page.is_file() and b"residual.onnx" in page.read_bytes()


def test_evaluations_in_several_folders_are_reported_on_one_page(reference, class_folders, tmp_path):
    looked = [tmp_path / "a" / "first", tmp_path / "b" / "second"]
    for out in looked:
        mitsume.evaluate(reference("residual")[0], class_folders, preset="levels", out=out)
    page = mitsume.report(looked, output=tmp_path / "page.html")
    text = page.read_text(encoding="utf-8")
    assert page == tmp_path / "page.html" and "first" in text and "second" in text
    with pytest.raises(mitsume.MitsumeError, match="--output"):
        mitsume.report(looked)
    with pytest.raises(mitsume.MitsumeError, match="another one is named first"):
        mitsume.report([looked[0], looked[0]], output=tmp_path / "page.html")


def test_what_the_program_refuses_is_an_error_with_its_words(class_folders, tmp_path):
    with pytest.raises(mitsume.MitsumeError, match="missing.onnx") as error:
        mitsume.evaluate(tmp_path / "missing.onnx", class_folders)
    assert error.value.exit_code == 2
    with pytest.raises(ValueError, match="cams"):
        mitsume.evaluate(tmp_path / "missing.onnx", class_folders, cams="x")
    with pytest.raises(mitsume.MitsumeError, match="--no-such-option"):
        mitsume.evaluate(tmp_path / "missing.onnx", class_folders, no_such_option=1)


def test_the_module_and_the_command_are_the_program():
    command = os.path.join(os.path.dirname(sys.executable), "mitsume")
    for start in ([sys.executable, "-m", "mitsume"], [command]):
        version = subprocess.run([*start, "--version"], capture_output=True, text=True, check=True)
        assert version.stdout.split() == ["mitsume", mitsume.__version__]
        refused = subprocess.run([*start, "score", "no.npz"], capture_output=True, text=True)
        assert refused.returncode == 2 and "no.npz" in refused.stderr


def test_ctrl_c_stops_a_command(tmp_path):
    """A training is interrupted, saved and ended with 130."""
    command = [sys.executable, "-m", "mitsume", "demo", "--out", str(tmp_path / "demo")]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130


def test_progress_of_the_program_is_shown_by_tqdm(reference, class_folders, monkeypatch, capsys):
    shown = []

    class Bar:
        def __init__(self, total, desc, leave):
            self.n = 0
            shown.append([desc, total, 0])

        def update(self, steps):
            self.n += steps
            shown[-1][2] = self.n

        def close(self):
            pass

    module = type(sys)("tqdm.auto")
    module.tqdm = Bar
    monkeypatch.setitem(sys.modules, "tqdm", type(sys)("tqdm"))
    monkeypatch.setitem(sys.modules, "tqdm.auto", module)
    mitsume.evaluate(reference("residual")[0], class_folders, preset="levels", lang="en")
    assert ["evaluating", 20, 20] in shown, shown
    assert "activity" not in capsys.readouterr().err
