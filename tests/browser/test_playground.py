"""The playground: it trains by itself in the browser, gives one run for one seed, and breaks as it says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from segen.text import words
from tests.browser.actions import assert_fits

pytestmark = [pytest.mark.browser, pytest.mark.slow]
LAB = "#playground .lab"
MODULES = """
    const at = (name) => new URL(`playground/${name}`, document.baseURI).href;
    const [{ build }, { dataOf, inPlane, measure }, { source }, { settled }] = await Promise.all(
        ["models.js", "data.js", "random.js", "controls.js"].map((name) => import(at(name))));
    const table = await (await fetch(at("settings.json"))).json();
    const model = (asked) => {
        const settings = settled(table, asked);
        return build(tf, settings, dataOf(settings.data));
    };
    const train = (model, iterations) => {
        while (model.iterations < iterations) model.step();
        return model;
    };
"""
"""JavaScript before what a test evaluates in the page: the modules of the playground without its pictures."""

NO_WEBGL = """
    for (const kind of [HTMLCanvasElement, OffscreenCanvas]) {
        const get = kind.prototype.getContext;
        kind.prototype.getContext = function (name, ...more) {
            return name.includes("webgl") ? null : get.call(this, name, ...more);
        };
    }
"""


def iterations(page: Any) -> int:
    return int(page.get_attribute(LAB, "data-iterations"))


def wait_for_training(page: Any) -> None:
    page.wait_for_selector(f"{LAB}:not([hidden])")
    page.wait_for_function(f"document.querySelector('{LAB}').dataset.iterations > 4")


def in_page(page: Any, script: str) -> Any:
    return page.evaluate(f"async () => {{ {MODULES} {script} }}")


@pytest.fixture(scope="module")
def still(chromium: Any, address: str) -> Any:
    """A page whose playground is loaded and paused, for what is computed without pictures, nor WebGL."""
    page = chromium.new_page()
    page.add_init_script(NO_WEBGL)
    page.set_default_timeout(300_000)
    page.goto(f"{address}/?tab=learn&view=playground")
    wait_for_training(page)
    assert not page.evaluate("document.createElement('canvas').getContext('webgl2')")
    assert page.get_attribute(LAB, "data-backend") == "wasm"
    assert page.inner_text(f"{LAB} .backend") == words("en", "playground.backend_wasm")
    page.click("#playground [data-part=run]")
    yield page
    page.close()


def test_it_runs_when_it_is_opened_and_rests_out_of_sight(address: str, visit: Callable[..., Any]) -> None:
    page = visit(address)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click("#tabs > .tab-wrapper [role=tab][data-tab-id=start]")
    assert not [url for url in asked if "tensorflow" in url]
    page.goto(f"{address}/?tab=learn&view=playground&preset=posterior")
    wait_for_training(page)
    assert [url for url in asked if url.endswith("/playground/tensorflow/tf.min.js")]
    assert page.get_attribute(LAB, "data-backend") == "wasm"
    assert page.inner_text(f"{LAB} .why") == words("en", "playground.why_posterior")
    assert_fits(page)
    page.click("#tabs > .tab-wrapper [role=tab][data-tab-id=start]")
    page.wait_for_function(
        """lab => {
            const frame = () => new Promise(requestAnimationFrame);
            const count = () => document.querySelector(lab).dataset.iterations;
            return frame().then(async () => {
                const before = count();
                for (let i = 0; i < 30; i++) await frame();  // it trains once a frame
                return count() === before;
            });
        }""",
        arg=LAB,
    )


def test_settings_stand_in_the_address_and_steps_go_one_by_one(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=learn&view=playground&lang=zh", 390, "dark")
    wait_for_training(page)
    assert_fits(page)
    page.click("#playground [data-part=run]")
    page.check("#playground input[value=vae]", force=True)
    page.wait_for_url("**model=vae*")
    page.locator("#playground [data-setting=beta]").press("End")
    page.wait_for_url("**beta=100*")
    assert words("zh", "playground.about_vae") == page.inner_text(f"{LAB} .why")
    assert iterations(page) == 0
    for count in (1, 2):
        page.click("#playground [data-part=step]")
        assert iterations(page) == count
    page.click("#playground [data-preset=few_steps]")
    page.wait_for_url("**preset=few_steps*")
    assert "beta" not in page.url


def test_points_are_drawn_by_keyboard_and_those_outside_the_plane_are_ignored(still: Any) -> None:
    assert in_page(still, "return inPlane([[0, 0], [1.3, 0], [0, -9], [NaN, 0], [1.2, -1.2]]);") == [
        [0, 0],
        [1.2, -1.2],
    ]
    still.check("#playground input[value=drawn]", force=True)
    still.wait_for_selector("#playground .empty", state="visible")
    plane = still.locator("#playground [data-part=plane]")
    plane.press("ArrowRight")
    plane.press("Space")
    still.wait_for_selector("#playground .empty", state="hidden")
    still.click("#playground [data-part=step]")
    assert iterations(still) == 1
    still.check("#playground input[value=ring]", force=True)


@pytest.mark.parametrize("name", ["gan", "wgan", "vae", "diffusion"])
def test_a_seed_gives_the_same_run(still: Any, name: str) -> None:
    script = f"""
        const run = (seed) => [...train(model({{ model: "{name}", seed }}), 12).samples()];
        return [run(5), run(5), run(6)];
    """
    first, again, other = in_page(still, script)
    assert first == again
    assert first != other


def test_the_gradient_penalty_has_the_right_gradient(still: Any) -> None:
    exact, measured = in_page(
        still,
        """
        const trained = train(model({ model: "wgan" }), 3);
        const loss = trained.judging(trained.real(), trained.generator.of(trained.noise()));
        const weights = trained.judge.weights[2];
        const { grads } = tf.variableGrads(loss, trained.judge.weights);
        const exact = grads[weights.name].dataSync().slice(0, 12);
        const kept = weights.dataSync().slice();
        const lossWith = (i, more) => {
            const moved = kept.slice();
            moved[i] += more;
            weights.assign(tf.tensor(moved, weights.shape));
            return loss().dataSync()[0];
        };
        return [[...exact], [...exact].map((_, i) => (lossWith(i, 0.01) - lossWith(i, -0.01)) / 0.02)];
        """,
    )
    assert exact == pytest.approx(measured, abs=2e-3)
    assert max(map(abs, exact)) > 5e-3


def test_a_gan_learns_the_ring_and_collapses_as_the_preset_says(still: Any) -> None:
    healthy, collapsed = in_page(
        still,
        """
        const covered = (asked, iterations) => {
            const trained = train(model(asked), iterations);
            return measure(trained.samples(), trained.data.modes, []).covered;
        };
        return [covered({ model: "gan" }, 300), covered({ preset: "collapse" }, 50)];
        """,
    )
    assert healthy >= 6
    assert collapsed <= 3


def test_the_saturating_loss_leaves_no_gradient(still: Any) -> None:
    vanished, other = in_page(
        still,
        """
        const trained = train(model({ preset: "vanishing" }), 30);
        const force = () =>
            trained.forces(trained.samples()).reduce((sum, value) => sum + Math.abs(value), 0);
        const vanished = force();
        trained.settings.loss = "log";
        return [vanished, force()];
        """,
    )
    assert vanished < 0.1 * other


def test_a_large_beta_collapses_the_posterior(still: Any) -> None:
    collapsed, healthy = in_page(
        still,
        """
        const divergence = (asked) => train(model(asked), 150).losses.divergence;
        return [divergence({ preset: "posterior" }), divergence({ model: "vae" })];
        """,
    )
    assert collapsed < 0.1
    assert healthy > 1


def test_too_few_steps_miss_modes(still: Any) -> None:
    few, many = in_page(
        still,
        """
        const trained = train(model({ preset: "few_steps" }), 300);
        const covered = (steps) => {
            trained.settings.sampling_steps = steps;
            return measure(trained.samples(), trained.data.modes, []).covered;
        };
        return [covered(2), covered(20)];
        """,
    )
    assert few <= many - 4


def test_without_webassembly_and_webgl_it_goes_on_in_javascript_and_says_so(
    address: str, visit: Callable[..., Any]
) -> None:
    page = visit(f"{address}/?tab=learn&view=playground", script=f"{NO_WEBGL}; delete window.WebAssembly")
    wait_for_training(page)
    assert page.get_attribute(LAB, "data-backend") == "cpu"
    assert page.inner_text(f"{LAB} .backend") == words("en", "playground.backend_cpu")


def test_where_motion_is_reduced_one_result_is_shown_whole(chromium: Any, address: str) -> None:
    page = chromium.new_page(reduced_motion="reduce")
    page.set_default_timeout(300_000)
    page.goto(f"{address}/?tab=learn&view=playground")
    page.wait_for_selector(f"{LAB}[data-state=running]")
    page.wait_for_selector(f"{LAB}[data-state=paused]")
    assert iterations(page) >= 400
    assert words("en", "playground.iterations", count=iterations(page)) in page.inner_text(LAB)
    page.close()
