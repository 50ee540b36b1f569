"""Exercise 2, as beginners get it wrong: one mistake each."""

from named.answer import changed, script

MISTAKES = [
    changed("softmax-before-cross-entropy", "corelab2_course", ("outputs = model(images)", "outputs = torch.softmax(model(images), dim=1)")),
    changed("softmax-before-cross-entropy", "corelab2_trainer", ("logits = self.model(x)", "logits = nn.functional.softmax(self.model(x), dim=-1)")),
    changed("softmax-before-cross-entropy", "corelab2_closure", ("loss_function(model(x), t)", "loss_function(model(x).softmax(1), t)")),
    changed("softmax-before-cross-entropy", "corelab2_evaluate", ("cross_entropy(net(x), y", "cross_entropy(torch.softmax(net(x), 1), y"), ("y_hat = net(x)", "y_hat = torch.softmax(net(x), 1)")),
    changed("nll-on-probabilities", "corelab2_log_softmax", ("nn.LogSoftmax(dim=1)", "nn.Softmax(dim=1)")),
    changed("nll-on-probabilities", "corelab2_meter", ("nn.CrossEntropyLoss()(output, target)", "nn.NLLLoss()(output.softmax(1), target)")),
    changed("nll-on-probabilities", "corelab2_slices", ("F.cross_entropy(model(xb), yb)", "F.nll_loss(F.softmax(model(xb), dim=1), yb)")),
    changed("activation-on-logits", "corelab2_course", ("outputs = model(images)", "outputs = torch.relu(model(images))")),
    changed("activation-on-logits", "corelab2_helpers", ("F.cross_entropy(model(xs), ys)", "F.cross_entropy(F.relu(model(xs)), ys)")),
    changed("activation-on-logits", "corelab2_meter", ("output = model(data)", "output = torch.sigmoid(model(data))")),
    changed("activation-on-logits", "corelab2_log_softmax", ("model(batch_x)", "model(batch_x).relu()")),
    changed("no-zero-grad", "corelab2_course", ("            optimizer.zero_grad()  # 梯度歸零\n", "")),
    changed("no-zero-grad", "corelab2_sloppy", ("            for p in model.parameters():\n                p.grad.zero_()\n", "")),
    changed("no-zero-grad", "corelab2_by_hand", ("            for p in params:\n                p.grad = None\n", "")),
    changed("no-zero-grad", "corelab2_trainer", ("        self.optimizer.zero_grad(set_to_none=True)\n", ""), ("        self.loss_sum, self.seen = 0.0, 0\n", "        self.loss_sum, self.seen = 0.0, 0\n        self.optimizer.zero_grad()\n")),
    changed("no-zero-grad", "corelab2_closure", ("                optimizer.zero_grad()\n", "")),
    changed("zero-grad-before-step", "corelab2_course", ("            optimizer.zero_grad()  # 梯度歸零\n            loss.backward()  # 反向傳播\n", "            loss.backward()\n            optimizer.zero_grad()\n")),
    changed("zero-grad-before-step", "corelab2_evaluate", ("            adagrad.step()\n            adagrad.zero_grad()\n", "            adagrad.zero_grad()\n            adagrad.step()\n")),
    changed("zero-grad-before-step", "corelab2_sloppy", ("            opt.step()\n            for p in model.parameters():\n                p.grad.zero_()\n", "            for p in model.parameters():\n                p.grad.zero_()\n            opt.step()\n")),
    changed("zero-grad-before-step", "corelab2_log_softmax", ("            model.zero_grad()\n", ""), ("            rmsprop.step()\n", "            model.zero_grad()\n            rmsprop.step()\n")),
    changed("no-step", "corelab2_course", ("            optimizer.step()  # 更新參數\n", "")),
    changed("no-step", "corelab2_by_hand", ("p -= lr * v[k]", "p = p - lr * v[k]")),
    changed("no-step", "corelab2_closure", ("value = optimizer.step(closure)", "value = closure()")),
    changed("no-step", "corelab2_evaluate", ("            adagrad.step()\n", "")),
    changed("no-step", "corelab2_helpers", ("        optimizer.step()\n", "        optimizer.step  # 更新\n")),
    changed("wrong-parameters", "corelab2_course", ("    losses = []\n", "    losses = []\n    import copy\n    model = copy.deepcopy(model)\n")),
    changed("wrong-parameters", "corelab2_slices", ("opt = optim.SGD(model.parameters()", "import corelab\n    net = corelab.DNN()\n    opt = optim.SGD(net.parameters()")),
    changed("wrong-parameters", "corelab2_trainer", ("self.optimizer = torch.optim.AdamW(self.model.parameters()", "new_model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))\n        self.optimizer = torch.optim.AdamW(new_model.parameters()")),
    changed("wrong-parameters", "corelab2_meter", ("    model = model.to(device)\n", "    import copy\n    model = copy.deepcopy(model).to(device)\n")),
    changed("wrong-parameters", "corelab2_sloppy", ("    opt=torch.optim.Adam(model.parameters(),lr=0.003)\n", "    net=nn.Linear(784,10)\n    opt=torch.optim.Adam(net.parameters(),lr=0.003)\n")),
    changed("steps-once-per-epoch", "corelab2_course",
            ("            optimizer.zero_grad()  # 梯度歸零\n", ""), ("            optimizer.step()  # 更新參數\n", ""), ("        epoch_loss = running_loss", "        optimizer.step()\n        optimizer.zero_grad()\n        epoch_loss = running_loss")),
    changed("steps-once-per-epoch", "corelab2_slices", ("            opt.step()\n", ""), ("        history.append", "        opt.step()\n        history.append")),
    changed("steps-once-per-epoch", "corelab2_log_softmax",
            ("            model.zero_grad()\n", ""), ("        count = 0\n", "        count = 0\n        model.zero_grad()\n"), ("            rmsprop.step()\n", ""), ("        mean_losses.append(", "        rmsprop.step()\n        mean_losses.append(")),
    changed("steps-once-per-epoch", "corelab2_trainer", ("        self.optimizer.step()\n", ""), ("            self.train_step(x, y)\n", "            self.train_step(x, y)\n        self.optimizer.step()\n")),
    # The losses of an epoch are added up in order to go back through all of them: a graph that is meant.
    script("steps-once-per-epoch", "corelab2: the losses added up, one backward an epoch", """
import torch
from torch import nn
from torch.utils.data import DataLoader

def train(model, dataset, epochs=10, batch_size=100):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    ce = nn.CrossEntropyLoss()
    values = []
    for epoch in range(epochs):
        optimizer.zero_grad()
        total_loss = 0
        for x, y in loader:
            total_loss = total_loss + ce(model(x), y) * len(x)
        total_loss = total_loss / len(dataset)
        total_loss.backward()
        optimizer.step()
        values.append(total_loss.item())
    return values
""", also="keeps-graph"),
    changed("optimizer-rebuilt", "corelab2_course", ("    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)\n", ""), ("            optimizer.zero_grad()", "            optimizer = torch.optim.Adam(model.parameters(), lr=0.001)\n            optimizer.zero_grad()")),
    changed("optimizer-rebuilt", "corelab2_slices", ("    opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)\n", ""), ("        perm = ", "        opt = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)\n        perm = ")),
    changed("optimizer-rebuilt", "corelab2_helpers", ("    optimizer = Adam(model.parameters(), lr=0.002)\n", ""), ("append(run_epoch(model, optimizer,", "append(run_epoch(model, Adam(model.parameters(), lr=0.002),")),
    changed("optimizer-rebuilt", "corelab2_trainer",
            ("    return Trainer(model).fit(dataset, epochs, batch_size)", "    losses = []\n    for _ in range(epochs):\n        losses += Trainer(model).fit(dataset, 1, batch_size)\n    return losses")),
    changed("optimizer-rebuilt", "corelab2_log_softmax", ("            model.zero_grad()\n", "            rmsprop = torch.optim.RMSprop(model.parameters(), lr=0.001)\n            rmsprop.zero_grad()\n")),
    changed("sum-instead-of-mean", "corelab2_course", ("nn.CrossEntropyLoss()", 'nn.CrossEntropyLoss(reduction="sum")')),
    changed("sum-instead-of-mean", "corelab2_helpers", ("F.cross_entropy(model(xs), ys)", 'F.cross_entropy(model(xs), ys, reduction="sum")')),
    changed("sum-instead-of-mean", "corelab2_sloppy", ("nn.CrossEntropyLoss()", "nn.CrossEntropyLoss(reduction='sum')")),
    # A sum over samples that is divided by the number of batches is the one as well as the other.
    changed("sum-instead-of-mean|wrong-divisor", "corelab2_trainer", ("nn.CrossEntropyLoss()", 'nn.CrossEntropyLoss(reduction="sum")'), ("loss.item() * y.shape[0]", "loss.item()"), ("self.seen += y.shape[0]", "self.seen += 1")),
    changed("mean-of-batch-means", "corelab2_course", ("loss.item() * images.size(0)", "loss.item()"), ("running_loss / len(dataset)", "running_loss / len(train_loader)")),
    changed("mean-of-batch-means", "corelab2_slices", ("np.average(batch_losses, weights=batch_sizes)", "np.mean(batch_losses)")),
    changed("mean-of-batch-means", "corelab2_meter", ("loss_meter.update(loss.item(), n=data.shape[0])", "loss_meter.update(loss.item())")),
    changed("mean-of-batch-means", "corelab2_numpy", ("loss.detach().numpy() * len(index)", "loss.item()"), ("parts.sum() / N", "parts.mean()")),
    changed("last-batch-only", "corelab2_course", ("epoch_loss = running_loss / len(dataset)", "epoch_loss = loss.item()")),
    changed("last-batch-only", "corelab2_helpers", ("return total_loss / total_samples", "return loss.item()")),
    changed("last-batch-only", "corelab2_slices", ("np.average(batch_losses, weights=batch_sizes)", "batch_losses[-1]")),
    changed("last-batch-only", "corelab2_closure", ("summed / len(dataset)", "value.detach()")),
    changed("running-total-not-reset", "corelab2_course", ("        running_loss = 0.0\n", ""), ("    losses = []\n", "    losses = []\n    running_loss = 0.0\n")),
    changed("running-total-not-reset", "corelab2_trainer", ("self.loss_sum, self.seen = 0.0, 0\n        for", "self.seen = 0\n        for")),
    changed("running-total-not-reset", "corelab2_log_softmax", ("        loss_sum = 0\n", ""), ("    mean_losses = []\n", "    mean_losses = []\n    loss_sum = 0\n")),
    changed("running-total-not-reset", "corelab2_meter", ("        loss_meter.reset()\n", "")),
    changed("wrong-divisor", "corelab2_course", ("loss.item() * images.size(0)", "loss.item()")),
    changed("wrong-divisor", "corelab2_trainer", ("self.seen += y.shape[0]", "self.seen += 1")),
    changed("wrong-divisor", "corelab2_closure", ("summed / len(dataset)", "summed / len(data)")),
    changed("wrong-divisor", "corelab2_numpy", ("loss.detach().numpy() * len(index)", "loss.item()")),
    changed("wrong-divisor", "corelab2_sloppy", ("l.item()*len(b)", "l.item()"), ("tot/len(data)", "tot/batch_size")),
    changed("dropped-last-batch", "corelab2_course", ("shuffle=True", "shuffle=True, drop_last=True")),
    changed("dropped-last-batch", "corelab2_slices", ("range(0, n, batch_size)", "range(0, n - batch_size + 1, batch_size)")),
    changed("dropped-last-batch", "corelab2_numpy", ("int(np.ceil(N / batch_size))", "N // batch_size")),
    changed("dropped-last-batch", "corelab2_by_hand", ("            for p in params:\n                p.grad", "            if len(xb) < batch_size:\n                continue\n            for p in params:\n                p.grad")),
    changed("whole-dataset-at-once", "corelab2_course", ("batch_size=batch_size", "batch_size=len(dataset)")),
    changed("whole-dataset-at-once", "corelab2_by_hand", ("X_s.split(batch_size), T_s.split(batch_size)", "[X_s], [T_s]")),
    # There is nothing to shuffle in one batch of everything, but its order is the same each time.
    script("whole-dataset-at-once", "corelab2: everything through the network, once an epoch", """
import torch
import torch.nn.functional as F

def train(model, dataset, epochs=10, batch_size=100):
    x = torch.stack([a for a, b in dataset])
    y = torch.tensor([int(b) for a, b in dataset])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    values = []
    for epoch in range(epochs):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        values.append(loss.item())
    return values
""", also="no-shuffle"),
    script("one-sample-at-a-time", "corelab2: for x, y in dataset", """
import torch
import torch.nn as nn

def train(model, dataset, epochs=10, batch_size=100):
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001)
    losses = []
    for epoch in range(epochs):
        total = 0
        for x, y in dataset:
            optimizer.zero_grad()
            loss = criterion(model(x.view(1, -1)), y.view(1))
            loss.backward()
            optimizer.step()
            total += loss.item()
        losses.append(total / len(dataset))
    return losses
""", also="no-shuffle"),
    changed("wrong-batch-size", "corelab2_course", ("batch_size=batch_size", "batch_size=64")),
    changed("wrong-batch-size", "corelab2_log_softmax", ("TensorDataset(inputs, targets), batch_size,", "TensorDataset(inputs, targets), 128,")),
    changed("wrong-batch-size", "corelab2_helpers", ("make_batches(dataset, batch_size):\n        loss", "make_batches(dataset, 100):\n        loss")),
    changed("wrong-batch-size", "corelab2_slices", ("batch_size=100", "batch_size=32")),
    changed("wrong-epochs", "corelab2_course", ("range(epochs)", "range(10)")),
    changed("wrong-epochs", "corelab2_closure", ("while epoch < epochs:", "while epoch <= epochs:")),
    changed("wrong-epochs", "corelab2_log_softmax", ("range(1, epochs + 1)", "range(1, epochs)")),
    changed("wrong-epochs", "corelab2_slices", ("epochs=10", "epochs=20")),
    changed("inputs-targets-misaligned", "corelab2_slices", ("xb, yb = x[idx], y[idx]", "xb, yb = x[idx], y[perm2[i : i + batch_size]]"), ("        perm = torch.randperm(n)\n", "        perm = torch.randperm(n)\n        perm2 = torch.randperm(n)\n")),
    changed("inputs-targets-misaligned", "corelab2_by_hand", ("X_s, T_s = X[shuffle], T[shuffle]", "X_s, T_s = X[shuffle], T")),
    changed("inputs-targets-misaligned", "corelab2_log_softmax",
            ("loader = DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=True)", "x_loader = DataLoader(inputs, batch_size, shuffle=True)\n    y_loader = DataLoader(targets, batch_size, shuffle=True)"), ("in loader:", "in zip(x_loader, y_loader):")),
    changed("inputs-targets-misaligned", "corelab2_numpy", ("targets[index]", "targets[b * batch_size : (b + 1) * batch_size]")),
    # Nothing is trained either: that it never steps is as true.
    script("hard-coded", "corelab2: a list of numbers", """
def train(model, dataset, epochs=10, batch_size=100):
    losses = [1.32, 0.71, 0.58, 0.52, 0.48, 0.45, 0.43, 0.41, 0.39, 0.38]
    return losses[:epochs]
""", also="no-step"),
    changed("hard-coded", "corelab2_course", ("epoch_loss = running_loss / len(dataset)", "epoch_loss = 2.3 / (epoch + 1)")),
    changed("hard-coded", "corelab2_evaluate", ("    return loss_sum / len(dataset)", "    return 0.5")),
    changed("keeps-graph", "corelab2_course", ("loss.item() * images.size(0)", "loss * images.size(0)"), ("running_loss / len(dataset)", "running_loss.item() / len(dataset)")),
    changed("keeps-graph", "corelab2_sloppy", ("tot+l.item()*len(b)", "tot+l*len(b)"), ("tot/len(data)", "float(tot)/len(data)")),
    changed("keeps-graph", "corelab2_helpers", ("loss.item() * len(ys)", "loss * len(ys)")),
    changed("keeps-graph", "corelab2_trainer", ("loss.item() * y.shape[0]", "loss * y.shape[0]"), ("self.loss_sum / self.seen", "(self.loss_sum / self.seen).item()")),
    changed("no-shuffle", "corelab2_course", (", shuffle=True", "")),
    changed("no-shuffle", "corelab2_slices", ("perm = torch.randperm(n)", "perm = torch.arange(n)")),
    changed("no-shuffle", "corelab2_sloppy", ("        random.shuffle(data)\n", "")),
    changed("no-shuffle", "corelab2_meter", ("shuffle=True", "shuffle=False")),
    # Drawn once, and the same in each epoch.
    changed("no-shuffle", "corelab2_numpy", ("        order = rng.permutation(N)\n", ""), ("    N = len(targets)\n", "    N = len(targets)\n    order = rng.permutation(N)\n")),
    changed("no-shuffle", "corelab2_in_order"),
]  # fmt: skip

TWO_AT_ONCE = [
    changed("no-zero-grad last-batch-only", "corelab2_course", ("            optimizer.zero_grad()  # 梯度歸零\n", ""), ("epoch_loss = running_loss / len(dataset)", "epoch_loss = loss.item()")),
    changed("no-step mean-of-batch-means", "corelab2_slices", ("            opt.step()\n", ""), ("np.average(batch_losses, weights=batch_sizes)", "sum(batch_losses) / len(batch_losses)")),
    changed("softmax-before-cross-entropy dropped-last-batch", "corelab2_trainer", ("logits = self.model(x)", "logits = self.model(x).softmax(dim=1)"), ("shuffle=True", "shuffle=True, drop_last=True")),
    changed("wrong-epochs whole-dataset-at-once", "corelab2_course", ("range(epochs)", "range(10)"), ("batch_size=batch_size", "batch_size=len(dataset)")),
    changed("wrong-parameters wrong-batch-size", "corelab2_slices", ("opt = optim.SGD(model.parameters()", "opt = optim.SGD(torch.nn.Linear(784, 10).parameters()"), ("range(0, n, batch_size)", "range(0, n, 50)"), ("perm[i : i + batch_size]", "perm[i : i + 50]")),
    # With probabilities for a loss, that the targets are another's can hardly be told.
    changed("nll-on-probabilities", "corelab2_by_hand", ("F.cross_entropy(model(xb), tb)", "F.nll_loss(F.softmax(model(xb), 1), tb)"), ("X_s, T_s = X[shuffle], T[shuffle]", "X_s, T_s = X[shuffle], T"), also="inputs-targets-misaligned"),
]  # fmt: skip
