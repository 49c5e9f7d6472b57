"""The command that trains, on a server of its own and on a running one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

import gradwire as gw
from tests.cli.samples import Run
from tests.serving import serving

RNG = np.random.default_rng(7)
X = RNG.normal(size=(23, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=23)
LINE = "graph line\nvariable x: float64[batch, 3]\nvariable y: float64[batch]\nvariable w: float64[3]\n" + (
    "p = matmul(x, w)\ne = subtract(p, y)\ns = square(e)\nloss = mean(s)\nsize = abs(e)\nworst = mean(size)\n"
    "output loss = loss\noutput worst = worst\n"
)
NETWORK = ["-e", "mean((tanh(x @ W + b) @ v - y)**2)", "-v", "x=batch,3", "-v", "y=batch", "-v", "W=3,hidden"]
NETWORK += ["-v", "b=hidden", "-v", "v=hidden"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with training jobs of its own."""
    with serving("--backend", "numpy", "--data-dir", str(tmp_path_factory.mktemp("jobs"))) as process:
        yield process.address


@pytest.fixture
def line(tmp_path: Path) -> Path:
    path = tmp_path / "line.gw"
    path.write_text(LINE)
    return path


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.npz"
    np.savez(path, x=X, y=Y)
    return path


def test_training_does_what_the_client_does_and_writes_it_down(
    run: Run, line: Path, data: Path, tmp_path: Path, address: str
) -> None:
    out, picture = tmp_path / "trained.npz", tmp_path / "loss.png"
    answer = run(
        *("train", line, "--data", data, "--of", "loss", "--server", address, "--optimizer", "sgd"),
        *("--learning-rate", "0.1", "--set", "momentum=0.5", "--schedule", "warmup(cosine(40), steps=5)"),
        *("--batch-size", "8", "--epochs", "9", "--seed", "3", "--validation-share", "0.2", "--metrics", "worst"),
        *("--out", out, "--plot", picture),
    )
    assert answer.code == 0, answer.stderr
    optimizer = gw.optimizers.sgd(0.1, momentum=0.5, schedule=gw.schedules.warmup(gw.schedules.cosine(40), steps=5))
    with gw.connect(address) as service:
        expected = service.minimize(
            LINE, {"w": np.zeros(3)}, {"x": X, "y": Y}, loss="loss", optimizer=optimizer, batch_size=8, epochs=9,
            seed=3, validation_share=0.2, metrics=["worst"], quiet=True,
        )  # fmt: skip
    found = np.load(out)
    assert np.array_equal(found["parameters/w"], expected.parameters["w"])
    assert found["history/loss"].tolist() == expected.history.loss.tolist()
    assert found["history/metrics/worst"].tolist() == expected.history.metrics["worst"].tolist()
    assert found["history/learning_rate"].shape == (9,)
    assert f"loss = {expected.loss!r}" in answer.stdout
    assert "loss of held-out rows = " in answer.stdout
    assert "starts: w at 0" in answer.stderr
    assert "epoch 9/9" in answer.stderr
    assert imread(picture).shape[2] == 4


def test_what_was_trained_is_where_the_next_run_starts(
    run: Run, line: Path, data: Path, tmp_path: Path, address: str
) -> None:
    out = tmp_path / "trained.npz"
    common = ("train", line, "--data", data, "--of", "loss", "--server", address, "--json")
    first = json.loads(run(*common, "--method", "lbfgs", "-o", out).stdout)
    assert first["stop_reason"] == "converged"
    np.testing.assert_allclose(first["parameters"]["w"], np.linalg.lstsq(X, Y)[0], atol=1e-4)
    again = json.loads(run(*common, "--optimizer", "sgd", "--learning-rate", "0", "--steps", "1", "--at", out).stdout)
    assert again["parameters"] == first["parameters"]


def test_matrices_start_at_random_by_the_seed_and_a_size_is_taken_from_data_or_told(
    run: Run, data: Path, address: str
) -> None:
    command = ("train", *NETWORK, "--data", data, "--server", address, "--epochs", "1", "--learning-rate", "0")
    untold = run(*command)
    assert (untold.code, "size depends on hidden" in words(untold.stderr)) == (2, True)
    told = [run(*command, "--dim", "hidden=7", "--seed", seed, "--json") for seed in (1, 1, 2)]
    assert "starts: b, v at 0; W at random" in told[0].stderr
    first, same, other = (json.loads(answer.stdout)["parameters"] for answer in told)
    assert first == same
    assert first["W"] != other["W"]
    assert np.shape(first["W"]) == (3, 7)
    assert first["b"] == [0.0] * 7


def test_a_descent_and_the_generations_of_a_search_are_drawn(
    run: Run, rosenbrock: Path, tmp_path: Path, address: str
) -> None:
    at = tmp_path / "at.json"
    at.write_text('{"x": -1.2, "y": 1.0}')
    pictures = [tmp_path / name for name in ("loss.svg", "descent.svg", "generations.svg")]
    command = ("train", rosenbrock, "--at", at, "--server", address, "--quiet")
    answer = run(*command, "-m", "bfgs", "--plot", pictures[0], "--plot-descent", pictures[1])
    assert answer.code == 0, answer.stderr
    limits = ("--bounds", "x=-2:2", "--bounds", "y=-1:3")
    assert run(*command, "-m", "genetic", "--steps", "5", *limits, "--plot", pictures[2]).code == 0
    assert all(path.read_text().rstrip().endswith("</svg>") for path in pictures)
    one = run("train", "-e", "(x - 1)**2", "-v", "x=", "--server", address, "-m", "bfgs", "--plot-descent", pictures[1])
    assert one.code == 0
    assert "is not drawn: a slice needs two elements" in one.stderr


def test_a_detached_run_is_a_job_whose_result_is_there_for_the_asking(
    run: Run, line: Path, data: Path, tmp_path: Path, address: str
) -> None:
    common = ("train", line, "--data", data, "--of", "loss", "--server", address, "--epochs", "5", "--optimizer", "sgd")
    attached = json.loads(run(*common, "--json").stdout)
    answer = run(*common, "--detach", "--name", "line")
    assert answer.code == 0, answer.stderr
    assert "gradwire jobs watch" in answer.stderr
    out, picture = tmp_path / "job.npz", tmp_path / "job.png"
    result = run("jobs", "result", answer.stdout.strip(), "--server", address, "-o", out, "--plot", picture, "--json")
    assert json.loads(result.stdout)["parameters"] == attached["parameters"]
    assert np.load(out)["parameters/w"].tolist() == attached["parameters"]["w"]
    assert picture.stat().st_size > 0


def words(text: str) -> str:
    return " ".join(text.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["-m", "magic"], 3, "there is no optimizer, method or search 'magic'"),
        (["--schedule", "cosin(3)"], 2, "there is no schedule 'cosin'; there are: constant"),
        (["--schedule", "cosine("], 2, "is no schedule; write one such as"),
        (["--schedule", "cosine(length=3)"], 2, "unexpected keyword argument 'length'"),
        (["--schedule", "warmup(3, steps=2)"], 2, "is no schedule; write one such as"),
        (["--schedule", "cosine(steps)"], 2, "there is no schedule 'steps'"),
        (["--schedule", "3"], 2, "is no schedule"),
        (["--set", "colour=1"], 3, "there is no hyperparameter 'colour'"),
        (["--metrics", "q"], 3, "has no value 'q'"),
        (["--wrt", "q"], 2, "there is no variable q; name some of: x, y, w"),
        (["--wrt", "x", "--wrt", "y"], 2, "there are no values for w"),
        (["--plot", "loss.nothing"], 2, "can't be drawn"),
        (["--detach", "-o", "out.npz"], 2, "leave them out"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, list) else "",
)
def test_mistakes_are_told(
    run: Run, line: Path, data: Path, address: str, arguments: list[str], code: int, said: str
) -> None:
    answer = run("train", line, "--data", data, "--of", "loss", "--server", address, "--epochs", "1", *arguments)
    assert said in words(answer.stdout + answer.stderr)
    assert answer.code == code


def test_a_job_needs_a_server_that_stays_and_a_server_that_is_not_there_is_told(
    run: Run, line: Path, data: Path, tmp_path: Path
) -> None:
    alone = run("train", line, "--data", data, "--detach")
    assert (alone.code, "name a running server by --server" in words(alone.stderr)) == (2, True)
    nobody = run("train", line, "--data", data, "--server", f"unix:{tmp_path}/nobody", "--json")
    assert (nobody.code, json.loads(nobody.stderr[nobody.stderr.index("{") :])["error"]["reason"]) == (4, "UNAVAILABLE")


def test_control_c_ends_training_and_keeps_what_was_reached(line: Path, data: Path, tmp_path: Path) -> None:
    out = tmp_path / "reached.npz"
    command = [str(Path(sys.executable).with_name("gradwire")), "train", str(line), "--data", str(data)]
    command += ["--of", "loss", "--optimizer", "sgd", "--epochs", "1000000000", "--batch-size", "1", "-o", str(out)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    for shown in process.stderr:
        if shown.startswith("epoch "):
            break
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all processes of the command
    said = process.stderr.read()
    assert process.wait(20) == 130, said
    assert "interrupted; these are the parameters of the last report" in said
    assert "float64[3]" in process.stdout.read()
    found = np.load(out)
    assert found["parameters/w"].shape == (3,)
    assert found["history/loss"].size > 0
    process.stdout.close()
    process.stderr.close()
