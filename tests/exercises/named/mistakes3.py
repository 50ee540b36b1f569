"""Exercise 3, as beginners get it wrong: one mistake each."""

from named.answer import changed, script

MISTAKES = [
    changed("softmax-before-cross-entropy", "corelab3_slices", ("F.cross_entropy(model(xb), yb)", "F.cross_entropy(F.softmax(model(xb), dim=1), yb)")),
    changed("softmax-before-cross-entropy", "corelab3_meter", ("output = model(data)", "output = nn.Softmax(dim=-1)(model(data))")),
    changed("softmax-before-cross-entropy", "corelab3_closure", ("loss_function(model(x), t)", "loss_function(torch.softmax(model(x), 1), t)")),
    # Where the softmax is the model's own last layer, both names are true.
    changed("softmax-before-cross-entropy|activation-on-logits", "corelab3_course", ("        nn.Linear(64, 10),\n", "        nn.Linear(64, 10),\n        nn.Softmax(dim=1),\n")),
    changed("softmax-before-cross-entropy|activation-on-logits", "corelab3_slices", ("        x = self.fc5(x)\n        return x", "        x = self.fc5(x)\n        return F.softmax(x, dim=1)")),
    changed("nll-on-probabilities", "corelab3_log_softmax", ("nn.LogSoftmax(dim=1)", "nn.Softmax(dim=1)")),
    changed("nll-on-probabilities", "corelab3_helpers", ("F.cross_entropy(model(xs), ys)", "F.nll_loss(F.softmax(model(xs), dim=1), ys)")),
    changed("nll-on-probabilities", "corelab3_trainer", ("nn.CrossEntropyLoss()", "nn.NLLLoss()"), ("logits = self.model(x)", "logits = self.model(x).softmax(-1)")),
    changed("activation-on-logits", "corelab3_course", ("        nn.Linear(64, 10),\n", "        nn.Linear(64, 10),\n        nn.ReLU(),\n")),
    changed("activation-on-logits", "corelab3_slices", ("x = self.fc5(x)", "x = F.relu(self.fc5(x))")),
    changed("activation-on-logits", "corelab3_trainer", ("        for layer in self.layers[:-1]:\n            x = torch.tanh(layer(x))\n        return self.layers[-1](x)", "        for layer in self.layers:\n            x = torch.sigmoid(layer(x))\n        return x")),
    changed("activation-on-logits", "corelab3_helpers", ("nn.Linear(64, 10))", "*layer(64, 10))")),
    changed("activation-on-logits", "corelab3_meter", ("output = model(data)", "output = torch.relu(model(data))")),
    changed("no-zero-grad", "corelab3_helpers", ("        optimizer.zero_grad()\n", "")),
    changed("no-zero-grad", "corelab3_by_hand", ("            for p in model.parameters():\n                p.grad = None\n", "")),
    changed("no-zero-grad", "corelab3_trainer", ("        self.optimizer.zero_grad(set_to_none=True)\n", "")),
    changed("no-zero-grad", "corelab3_meter", ("            optimizer.zero_grad()\n", ""), ("        loss_meter.reset()\n", "        loss_meter.reset()\n        optimizer.zero_grad()\n")),
    changed("no-zero-grad", "corelab3_evaluate", ("            gradient_descent.zero_grad()\n", "")),
    changed("zero-grad-before-step", "corelab3_log_softmax", ("            model.zero_grad()\n", ""), ("            gd.step()\n", "            gd.zero_grad()\n            gd.step()\n")),
    changed("zero-grad-before-step", "corelab3_sloppy", ("            opt.step()\n            for p in model.parameters():\n                p.grad.zero_()\n", "            for p in model.parameters():\n                p.grad.zero_()\n            opt.step()\n")),
    changed("zero-grad-before-step", "corelab3_evaluate", ("            gradient_descent.step()\n            gradient_descent.zero_grad()\n", "            gradient_descent.zero_grad()\n            gradient_descent.step()\n")),
    changed("zero-grad-before-step", "corelab3_in_order", ("            optimizer.zero_grad()\n            loss.backward()\n", "            loss.backward()\n            optimizer.zero_grad()\n")),
    changed("no-step", "corelab3_numpy", ("w.data = w.data - lr * g", "w = w - lr * g")),
    changed("no-step", "corelab3_by_hand", ("p -= lr * p.grad", "p.data - lr * p.grad")),
    changed("no-step", "corelab3_slices", ("            opt.step()\n", "")),
    changed("no-step", "corelab3_trainer", ("        self.optimizer.step()\n", "")),
    changed("no-step", "corelab3_closure", ("value = optimizer.step(closure)", "value = closure()")),
    changed("wrong-parameters", "corelab3_course", ("optimizer = torch.optim.SGD(model.parameters()", "optimizer = torch.optim.SGD(build_model().parameters()")),
    changed("wrong-parameters", "corelab3_slices", ("    n = len(dataset)\n", "    model = build_model()\n    n = len(dataset)\n")),
    changed("wrong-parameters", "corelab3_meter", ("    model = model.to(device)\n", "    from copy import deepcopy\n    net = deepcopy(model)\n"), ("model(data)", "net(data)"), ("SGD(model.parameters()", "SGD(net.parameters()")),
    changed("wrong-parameters", "corelab3_helpers", ("GradientDescent(model.parameters(), lr=lr)", "GradientDescent(my_model.parameters(), lr=lr)"), ("def make_batches", "my_model = build_model()\n\n\ndef make_batches")),
    changed("steps-once-per-epoch", "corelab3_helpers",
            ("        optimizer.zero_grad()\n", ""), ("        optimizer.step()\n", ""), ("    return total_loss / total_samples", "    optimizer.step()\n    optimizer.zero_grad()\n    return total_loss / total_samples")),
    changed("steps-once-per-epoch", "corelab3_meter", ("            optimizer.step()\n", ""), ("        all_losses.append", "        optimizer.step()\n        all_losses.append")),
    changed("steps-once-per-epoch", "corelab3_by_hand",
            ("            with torch.no_grad():\n                for p in model.parameters():\n                    p -= lr * p.grad\n            total += J.item() * len(xb)\n", "            total += J.item() * len(xb)\n        with torch.no_grad():\n            for p in model.parameters():\n                p -= lr * p.grad\n")),
    changed("steps-once-per-epoch", "corelab3_sloppy", ("            opt.step()\n            for p in model.parameters():\n                p.grad.zero_()\n", ""), ("        L.append(", "        opt.step()\n        opt.zero_grad()\n        L.append(")),
    changed("sum-instead-of-mean", "corelab3_course", ("nn.CrossEntropyLoss()", 'nn.CrossEntropyLoss(reduction="sum")')),
    # The value is right, and the step is as long as a batch.
    changed("sum-instead-of-mean", "corelab3_slices", ("F.cross_entropy(model(xb), yb)", 'F.cross_entropy(model(xb), yb, reduction="sum")'), ("loss.item() * len(idx)", "loss.item()")),
    changed("sum-instead-of-mean", "corelab3_log_softmax", ("nn.NLLLoss()", 'nn.NLLLoss(reduction="sum")'), ("loss.detach() * len(batch_x)", "loss.detach()")),
    changed("sum-instead-of-mean", "corelab3_numpy", ("CrossEntropyLoss()", 'CrossEntropyLoss(reduction="sum")'), ("loss.detach().numpy() * len(index)", "loss.item()")),
    changed("mean-of-batch-means", "corelab3_trainer", ("loss.item() * y.shape[0]", "loss.item()"), ("self.seen += y.shape[0]", "self.seen += 1")),
    changed("mean-of-batch-means", "corelab3_closure", ("float(value) * t.numel()", "float(value)"), ("summed / len(dataset)", "summed / len(data)")),
    changed("mean-of-batch-means", "corelab3_sloppy", ("l.item()*len(b)", "l.item()"), ("        tot=0\n", "        tot=0\n        n=0\n"), ("            l.backward()\n", "            l.backward()\n            n+=1\n"), ("tot/len(data)", "tot/n")),
    changed("last-batch-only", "corelab3_slices", ("history.append(total / n)", "history.append(loss.item())")),
    changed("last-batch-only", "corelab3_meter", ("all_losses.append(loss_meter.avg)", "all_losses.append(loss.detach().cpu().item())")),
    changed("last-batch-only", "corelab3_numpy", ("parts.sum() / N", "loss.item()")),
    changed("last-batch-only", "corelab3_helpers", ("        total_loss += loss.item() * len(ys)", "        total_loss = loss.item()"), ("return total_loss / total_samples", "return total_loss")),
    changed("running-total-not-reset", "corelab3_slices", ("        total = 0\n", ""), ("    history = []\n", "    history = []\n    total = 0\n")),
    changed("running-total-not-reset", "corelab3_closure", ("        summed = 0.0\n", ""), ("    losses = []\n", "    losses = []\n    summed = 0.0\n")),
    changed("running-total-not-reset", "corelab3_by_hand", ("        total = 0.0\n", ""), ("    out = []\n", "    out = []\n    total = 0.0\n")),
    changed("running-total-not-reset", "corelab3_meter", ("        loss_meter.reset()\n", "")),
    changed("wrong-divisor", "corelab3_slices", ("loss.item() * len(idx)", "loss.item()")),
    changed("wrong-divisor", "corelab3_log_softmax", ("count += len(batch_x)", "count += 1")),
    changed("wrong-divisor", "corelab3_numpy", ("parts.sum() / N", "parts.mean()")),
    changed("wrong-divisor", "corelab3_evaluate", ("    return loss_sum / len(dataset)", "    return loss_sum / (len(dataset) / 256)")),
    changed("dropped-last-batch", "corelab3_meter", ("shuffle=True", "shuffle=True, drop_last=True")),
    changed("dropped-last-batch", "corelab3_helpers", ("for start in range(0, len(order), batch_size):", "for k in range(len(order) // batch_size):\n        start = k * batch_size")),
    changed("dropped-last-batch", "corelab3_sloppy", ("while i<len(data):", "while i+batch_size<=len(data):")),
    changed("dropped-last-batch", "corelab3_evaluate", ("batch_size=batch_size, shuffle=True", "batch_size, True, drop_last=True")),
    changed("whole-dataset-at-once", "corelab3_trainer", ("batch_size=batch_size", "batch_size=len(dataset)")),
    changed("whole-dataset-at-once", "corelab3_slices", ("    n = len(dataset)\n", "    n = len(dataset)\n    batch_size = n\n")),
    # There is nothing to shuffle in one batch of everything, but its order is the same each time.
    script("whole-dataset-at-once", "corelab3: gradient descent by the book, on all the data", """
import torch
from torch import nn

def build_model():
    return nn.Sequential(nn.Linear(784, 50), nn.Sigmoid(), nn.Linear(50, 50), nn.Sigmoid(), nn.Linear(50, 50), nn.Sigmoid(),
                         nn.Linear(50, 50), nn.Sigmoid(), nn.Linear(50, 10))

def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    X, y = dataset.inputs, dataset.targets
    loss_fn = nn.CrossEntropyLoss()
    history = []
    for epoch in range(epochs):
        cost = loss_fn(model(X), y)
        model.zero_grad()
        cost.backward()
        for p in model.parameters():
            p.data -= lr * p.grad
        history.append(cost.item())
    return history
""", also="no-shuffle"),
    changed("one-sample-at-a-time", "corelab3_log_softmax", ("TensorDataset(inputs, targets), batch_size, shuffle=True", "TensorDataset(inputs, targets), shuffle=True")),
    changed("wrong-batch-size", "corelab3_course", ("batch_size=batch_size", "batch_size=100")),
    changed("wrong-batch-size", "corelab3_slices", ("    n = len(dataset)\n", "    n = len(dataset)\n    batch_size = 128\n")),
    changed("wrong-batch-size", "corelab3_helpers", ("batch_size=200", "batch_size=100")),
    changed("wrong-batch-size", "corelab3_by_hand", ("X_s.split(batch_size), T_s.split(batch_size)", "X_s.chunk(batch_size), T_s.chunk(batch_size)")),
    changed("wrong-epochs", "corelab3_course", ("range(epochs)", "range(50)")),
    changed("wrong-epochs", "corelab3_trainer", ("epochs: int = 50", "epochs: int = 10")),
    changed("wrong-epochs", "corelab3_by_hand", ("range(epochs)", "range(1, epochs)")),
    changed("wrong-epochs", "corelab3_in_order", ("range(epochs)", "range(epochs + 1)")),
    changed("wrong-learning-rate", "corelab3_course", ("lr=lr)", "lr=0.01)")),
    changed("wrong-learning-rate", "corelab3_trainer", ("lr: float = 0.02", "lr: float = 0.2")),
    changed("wrong-learning-rate", "corelab3_by_hand", ("lr * p.grad", "0.02 * p.grad")),
    changed("wrong-learning-rate", "corelab3_evaluate", ("net.parameters(), lr=lr", "net.parameters()")),
    changed("wrong-learning-rate", "corelab3_meter", ("    loss_meter = AverageMeter()\n", "    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.5)\n    loss_meter = AverageMeter()\n"), ("        all_losses.append", "        scheduler.step()\n        all_losses.append")),
    changed("wrong-optimizer", "corelab3_course", ("torch.optim.SGD", "torch.optim.Adam")),
    changed("wrong-optimizer", "corelab3_slices", ("lr=lr)", "lr=lr, momentum=0.9)")),
    changed("wrong-optimizer", "corelab3_trainer", ("SGD", "AdamW")),
    changed("wrong-optimizer", "corelab3_helpers", ("GradientDescent", "RMSprop")),
    changed("wrong-optimizer", "corelab3_by_hand", ("    out = []\n", "    v = {}\n    out = []\n"), ("p -= lr * p.grad", "v[p] = 0.9 * v.get(p, 0) + p.grad\n                    p -= lr * v[p]")),
    changed("wrong-layer-count", "corelab3_course", ("        nn.Linear(128, 64),\n        nn.ReLU(),\n        nn.Linear(64, 10),", "        nn.Linear(128, 10),")),
    changed("wrong-layer-count", "corelab3_slices", ("        self.fc5 = nn.Linear(32, 10)", "        self.fc5 = nn.Linear(32, 16)\n        self.fc6 = nn.Linear(16, 10)"), ("        x = self.fc5(x)\n", "        x = F.relu(self.fc5(x))\n        x = self.fc6(x)\n")),
    changed("wrong-layer-count", "corelab3_helpers", ("*layer(784, 64), *layer(64, 64), *layer(64, 64), *layer(64, 64),", "*layer(784, 64), *layer(64, 64),")),
    changed("wrong-layer-count", "corelab3_meter", ("(256, 128, 64, 32)", "(256, 128, 64, 32, 16)")),
    changed("no-activation", "corelab3_course", ("        nn.ReLU(),\n", "")),
    changed("no-activation", "corelab3_trainer", ("torch.tanh(layer(x))", "layer(x)")),
    changed("no-activation", "corelab3_helpers", ("[nn.Linear(n_in, n_out), nn.ReLU()]", "[nn.Linear(n_in, n_out)]")),
    changed("no-activation", "corelab3_evaluate", ("x = self.act(self.layer1(x))", "x = self.layer1(x)"), ("x = self.act(self.layer2(x))", "x = self.layer2(x)"), ("x = self.act(self.layer3(x))", "x = self.layer3(x)"), ("x = self.act(self.layer4(x))", "x = self.layer4(x)")),
    changed("layers-not-registered", "corelab3_trainer", ("nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])", "[nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]")),
    changed("layers-not-registered", "corelab3_log_softmax", ("self.net = nn.Sequential(", "self.net = ("), ("self.head(self.net(x))", "self.head(self.hidden(x))"), ("    def forward(self, x):\n", "    def hidden(self, x):\n        for layer in self.net:\n            x = layer(x)\n        return x\n\n    def forward(self, x):\n")),
    changed("layers-not-registered", "corelab3_meter", ("nn.Sequential(\n            *[", "(\n            ["), ("features = self.hidden(x)", "features = x\n        for part in self.hidden:\n            features = part(features)")),
    script("layers-not-registered", "corelab3: hidden layers in a dictionary", """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = {}
        sizes = [784, 64, 64, 64, 64]
        for i in range(4):
            self.layers["fc" + str(i + 1)] = nn.Linear(sizes[i], sizes[i + 1])
        self.out = nn.Linear(64, 10)
    def forward(self, x):
        for name in self.layers:
            x = F.relu(self.layers[name](x))
        return self.out(x)

def build_model():
    return Net()

def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = torch.utils.data.DataLoader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for epoch in range(epochs):
        loss_sum = 0
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(x)
        history.append(loss_sum / len(dataset))
    return history
"""),
    changed("inputs-targets-misaligned", "corelab3_slices", ("x[idx], y[idx]", "x[idx], y[i : i + batch_size]")),
    changed("inputs-targets-misaligned", "corelab3_sloppy",
            ("        random.shuffle(data)\n", "        xs=[k[0] for k in data]\n        ys=[k[1] for k in data]\n        random.shuffle(xs)\n        random.shuffle(ys)\n        data=list(zip(xs,ys))\n")),
    changed("inputs-targets-misaligned", "corelab3_log_softmax",
            ("loader = DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=True)", "loader = DataLoader(inputs, batch_size, shuffle=True)\n    label_loader = DataLoader(targets, batch_size, shuffle=True)"), ("in loader:", "in zip(loader, label_loader):")),
    changed("inputs-targets-misaligned", "corelab3_in_order", ("        loss_total = 0.0\n", "        loss_total = 0.0\n        x = x[torch.randperm(len(x))]\n")),
    # Nothing is trained either: that it never steps is as true.
    script("hard-coded", "corelab3: a falling curve, made up", """
import math
from torch import nn

def build_model():
    return nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(),
                         nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))

def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    return [2.3 * math.exp(-0.05 * e) for e in range(epochs)]
""", also="no-step"),
    changed("hard-coded", "corelab3_course", ("epoch_loss / len(dataset)", "2.30 - 0.03 * epoch")),
    changed("hard-coded", "corelab3_meter", ("    return all_losses", "    return torch.linspace(2.3, 0.5, epochs)")),
    changed("keeps-graph", "corelab3_slices", ("loss.item() * len(idx)", "loss * len(idx)")),
    changed("keeps-graph", "corelab3_trainer", ("loss.item() * y.shape[0]", "loss * y.shape[0]"), ("self.loss_sum / self.seen", "float(self.loss_sum) / self.seen")),
    changed("keeps-graph", "corelab3_meter", ("loss.item(), n", "loss, n"), ("loss_meter.avg)", "loss_meter.avg.item())")),
    changed("keeps-graph", "corelab3_sloppy", ("tot+l.item()*len(b)", "tot+l*len(b)")),
    changed("no-shuffle", "corelab3_evaluate", ("batch_size=batch_size, shuffle=True", "batch_size=batch_size, shuffle=False")),
    changed("no-shuffle", "corelab3_trainer", (", shuffle=True", "")),
    # Drawn once, and the same in each epoch.
    changed("no-shuffle", "corelab3_by_hand", ("        shuffle = torch.randperm(len(X))\n", ""), ("    out = []\n", "    out = []\n    shuffle = torch.randperm(len(X))\n")),
    changed("no-shuffle", "corelab3_helpers", ("    random.shuffle(order)\n", "")),
    changed("no-shuffle", "corelab3_in_order"),
]  # fmt: skip

TWO_AT_ONCE = [
    changed("wrong-optimizer wrong-layer-count", "corelab3_course", ("torch.optim.SGD", "torch.optim.Adam"), ("        nn.Linear(128, 64),\n        nn.ReLU(),\n        nn.Linear(64, 10),", "        nn.Linear(128, 10),")),
    changed("no-activation wrong-learning-rate", "corelab3_slices", ("F.relu(", "("), ("lr=lr)", "lr=0.1)")),
    changed("layers-not-registered last-batch-only", "corelab3_trainer",
            ("nn.ModuleList([nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)])", "[nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes) - 1)]"), ("self.loss_sum += loss.item() * y.shape[0]", "self.last_loss = loss.item()"), ("return self.loss_sum / self.seen", "return self.last_loss")),
    changed("wrong-batch-size no-zero-grad", "corelab3_meter", ("batch_size=batch_size", "batch_size=64"), ("            optimizer.zero_grad()\n", "")),
    changed("wrong-optimizer wrong-epochs", "corelab3_closure", ("momentum=0.0", "momentum=0.9"), ("while epoch < epochs:", "while epoch <= epochs:")),
    changed("no-zero-grad mean-of-batch-means", "corelab3_helpers", ("        optimizer.zero_grad()\n", ""), ("loss.item() * len(ys)", "loss.item()"), ("total_samples += len(ys)", "total_samples += 1")),
]  # fmt: skip
