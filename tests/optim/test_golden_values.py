"""Golden values that others have published, one source a section."""

import math

import pytest
import torch

from corelab import optim


def linspace(start, end):
    return torch.linspace(start, end, 20, dtype=torch.float64).reshape(4, 5)


def table(text):
    return torch.tensor([float(x) for x in text.split()], dtype=torch.float64).reshape(4, 5)


def one_step(make, state):
    """The parameters of CS231n's checks after one step by their gradient, from this state."""
    w = linspace(-0.4, 0.6).requires_grad_()
    w.grad = linspace(-0.6, 0.4)
    optimizer = make([w])
    optimizer.state[w] = state
    optimizer.step()
    return w.detach()


# Stanford CS231n, assignment 2, FullyConnectedNets.ipynb: the checks of sgd_momentum, rmsprop and
# adam, which print a relative error and ask for less than 1e-8 (momentum) or about 1e-7.
NEXT_W_MOMENTUM = """
    0.1406      0.20738947  0.27417895  0.34096842  0.40775789
    0.47454737  0.54133684  0.60812632  0.67491579  0.74170526
    0.80849474  0.87528421  0.94207368  1.00886316  1.07565263
    1.14244211  1.20923158  1.27602105  1.34281053  1.4096
"""
VELOCITY = """
    0.5406      0.55475789  0.56891579  0.58307368  0.59723158
    0.61138947  0.62554737  0.63970526  0.65386316  0.66802105
    0.68217895  0.69633684  0.71049474  0.72465263  0.73881053
    0.75296842  0.76712632  0.78128421  0.79544211  0.8096
"""
NEXT_W_RMSPROP = """
    -0.39223849 -0.34037513 -0.28849239 -0.23659121 -0.18467247
    -0.132737   -0.08078555 -0.02881884  0.02316247  0.07515774
    0.12716641  0.17918792  0.23122175  0.28326742  0.33532447
    0.38739248  0.43947102  0.49155973  0.54365823  0.59576619
"""
CACHE = """
    0.5976      0.6126277   0.6277108   0.64284931  0.65804321
    0.67329252  0.68859723  0.70395734  0.71937285  0.73484377
    0.75037008  0.7659518   0.78158892  0.79728144  0.81302936
    0.82883269  0.84469141  0.86060554  0.87657507  0.8926
"""
NEXT_W_ADAM = """
    -0.40094747 -0.34836187 -0.29577703 -0.24319299 -0.19060977
    -0.1380274  -0.08544591 -0.03286534  0.01971428  0.0722929
    0.1248705   0.17744702  0.23002243  0.28259667  0.33516969
    0.38774145  0.44031188  0.49288093  0.54544852  0.59801459
"""
V_ADAM = """
    0.69966     0.68908382  0.67851319  0.66794809  0.65738853
    0.64683452  0.63628604  0.6257431   0.61520571  0.60467385
    0.59414753  0.58362676  0.57311152  0.56260183  0.55209767
    0.54159906  0.53110598  0.52061845  0.51013645  0.49966
"""
M_ADAM = """
    0.48        0.49947368  0.51894737  0.53842105  0.55789474
    0.57736842  0.59684211  0.61631579  0.63578947  0.65526316
    0.67473684  0.69421053  0.71368421  0.73315789  0.75263158
    0.77210526  0.79157895  0.81105263  0.83052632  0.85
"""


def test_cs231n_momentum():
    """CS231n's momentum is the course's: v ← 0.9 v − η g."""
    state = {"momentum_buffer": linspace(0.6, 0.9)}
    w = one_step(lambda params: optim.Momentum(params, lr=1e-3, convention="course"), state)
    torch.testing.assert_close(w, table(NEXT_W_MOMENTUM), rtol=0, atol=5.1e-9)
    torch.testing.assert_close(state["momentum_buffer"], table(VELOCITY), rtol=0, atol=5.1e-9)


def test_cs231n_momentum_from_torchs_side():
    """The same step in torch's convention, where v is −1/η times the course's."""
    state = {"momentum_buffer": linspace(0.6, 0.9) / -1e-3}
    w = one_step(lambda params: optim.Momentum(params, lr=1e-3), state)
    torch.testing.assert_close(w, table(NEXT_W_MOMENTUM), rtol=0, atol=5.1e-9)


def test_cs231n_rmsprop():
    state = {"step": torch.tensor(0.0), "square_avg": linspace(0.6, 0.9)}
    w = one_step(lambda params: optim.RMSprop(params, lr=1e-2), state)
    torch.testing.assert_close(w, table(NEXT_W_RMSPROP), rtol=0, atol=6e-9)
    torch.testing.assert_close(state["square_avg"], table(CACHE), rtol=0, atol=6e-9)


@pytest.mark.parametrize("convention", ["torch", "course"])
def test_cs231n_adam(convention):
    """With five steps behind it."""
    state = {
        "step": torch.tensor(5.0),
        "exp_avg": linspace(0.6, 0.9),
        "exp_avg_sq": linspace(0.7, 0.5),
    }
    w = one_step(lambda params: optim.Adam(params, lr=1e-2, convention=convention), state)
    torch.testing.assert_close(w, table(NEXT_W_ADAM), rtol=0, atol=5.1e-9)
    torch.testing.assert_close(state["exp_avg_sq"], table(V_ADAM), rtol=0, atol=5.1e-9)
    torch.testing.assert_close(state["exp_avg"], table(M_ADAM), rtol=0, atol=5.1e-9)


# Keras 3, keras/src/optimizers/*_test.py: test_correctness_with_golden and test_single_step. Ten
# ones are moved by a first gradient of 0.01, and then four times by 0.1, 0.2, …, 1.0. These are the
# paths of the first and of the last of the ten, to four decimals.
KERAS = {
    # SGD(nesterov=True), which without a momentum is gradient descent
    "sgd": ([0.9999, 0.9989, 0.9979, 0.9969, 0.9959], [0.9999, 0.9899, 0.9799, 0.9699, 0.9599]),
    # Adagrad(learning_rate=0.2, initial_accumulator_value=0.3, epsilon=1e-6)
    "adagrad": ([0.9963, 0.9604, 0.9251, 0.8903, 0.856], [0.9963, 0.8209, 0.6891, 0.579, 0.4825]),
    # RMSprop(centered=True)
    "rmsprop": ([0.9967, 0.9933, 0.9908, 0.9885, 0.9864], [0.9967, 0.9933, 0.9908, 0.9885, 0.9864]),
    # Adam(amsgrad=True): one row for all ten, which are up to 2e-4 apart; Keras asks for 5e-4
    "adam": ([0.999, 0.9982, 0.9974, 0.9965, 0.9955], [0.999, 0.9982, 0.9974, 0.9965, 0.9955]),
    # AdamW(learning_rate=1.0, weight_decay=0.5, epsilon=2)
    "adamw": ([0.4998, 0.2486, 0.1223, 0.0586, 0.0263], [0.4998, 0.2382, 0.1003, 0.0258, -0.0159]),
}


def keras_path(make, set_eps=None):
    """The ten after each of five steps. `set_eps(t)` gives the ε of step t = 1, 2, …"""
    x = torch.ones(10, dtype=torch.float64, requires_grad=True)
    optimizer = make([x])
    path = []
    for t in range(1, 6):
        x.grad = (
            torch.full((10,), 0.01, dtype=torch.float64)
            if t == 1
            else torch.arange(1, 11).double() / 10
        )
        if set_eps:
            optimizer.param_groups[0]["eps"] = set_eps(t)
        optimizer.step()
        path.append(x.detach().clone())
    return torch.stack(path)


def keras_eps(eps):
    """Keras's Adam is the paper's ε̂ form, η √(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε̂): it is ours for ε =
    ε̂/√(1−β₂ᵗ)."""
    return lambda t: eps / math.sqrt(1 - 0.999**t)


@pytest.mark.parametrize(
    ("name", "make", "set_eps"),
    [
        ("sgd", lambda p: optim.GradientDescent(p, lr=0.01), None),
        ("sgd", lambda p: optim.GradientDescent(p, lr=0.01, convention="course"), None),
        (
            "adagrad",
            lambda p: optim.Adagrad(p, lr=0.2, initial_accumulator_value=0.3, eps=1e-6),
            None,
        ),
        ("rmsprop", lambda p: optim.RMSprop(p, lr=1e-3, alpha=0.9, eps=1e-7, centered=True), None),
        ("adam", lambda p: optim.Adam(p, lr=1e-3, amsgrad=True), keras_eps(1e-7)),
        ("adamw", lambda p: optim.AdamW(p, lr=1.0, weight_decay=0.5), keras_eps(2)),
    ],
)
def test_keras_golden(name, make, set_eps):
    path = keras_path(make, set_eps)
    first, last = (torch.tensor(golden, dtype=torch.float64) for golden in KERAS[name])
    atol = 2e-4 if name == "adam" else 6e-5
    torch.testing.assert_close(path[:, 0], first, rtol=0, atol=atol)
    torch.testing.assert_close(path[:, -1], last, rtol=0, atol=atol)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda p: optim.GradientDescent(p, lr=0.5), [0.5, -1.0, -0.5, 3.0]),
        (
            lambda p: optim.Adagrad(p, lr=0.5, initial_accumulator_value=0.1),
            [0.5233, 1.5007, 2.5005, 3.5061],
        ),
        (lambda p: optim.RMSprop(p, lr=0.5, alpha=0.9), [-0.5811, 0.4189, 1.4189, 2.4189]),
        (lambda p: optim.Adam(p, lr=0.5), [0.5, 1.5, 2.5, 3.5]),
        (lambda p: optim.AdamW(p, lr=0.5, weight_decay=0.004), [0.4980, 1.4960, 2.494, 3.492]),
    ],
)
def test_keras_single_step(make, expected):
    x = torch.tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    x.grad = torch.tensor([1.0, 6.0, 7.0, 2.0])
    make([x]).step()
    torch.testing.assert_close(x.detach(), torch.tensor(expected), rtol=0, atol=6e-5)
