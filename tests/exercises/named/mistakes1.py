"""Exercise 1, as beginners get it wrong: one mistake each."""

from named.answer import changed, script

MISTAKES = [
    changed("softmax-before-cross-entropy", "corelab1_enumerate", ("out = model(x)", "out = torch.softmax(model(x), dim=1)")),
    changed("softmax-before-cross-entropy", "corelab1_tensordataset", ("ce(logits, targets)", "ce(logits.softmax(-1), targets)")),
    changed("softmax-before-cross-entropy", "corelab1_while", ("pred = model(images[start:end])", "pred = nn.Softmax(dim=1)(model(images[start:end]))")),
    changed("nll-on-probabilities", "corelab1_class", ("nn.functional.log_softmax", "nn.functional.softmax")),
    changed("nll-on-probabilities", "corelab1_collect", ("F.log_softmax", "F.softmax")),
    changed("nll-on-probabilities", "corelab1_chunks", ('F.cross_entropy(model(x), y, reduction="mean")', "F.nll_loss(torch.softmax(model(x), 1), y)")),
    changed("activation-on-logits", "corelab1_while", ("pred = model(images[start:end])", "pred = torch.relu(model(images[start:end]))")),
    changed("activation-on-logits", "corelab1_enumerate", ("out = model(x)", "out = torch.sigmoid(model(x))")),
    changed("activation-on-logits", "corelab1_formula", ("z = model(a)", "z = model(a).clamp(min=0)")),
    changed("activation-on-logits", "corelab1_sampler", ("outputs = model(inputs)", "outputs = torch.nn.functional.relu(model(inputs))")),
    changed("sum-instead-of-mean", "corelab1_enumerate", ("F.cross_entropy(out, y)", 'F.cross_entropy(out, y, reduction="sum")')),
    changed("sum-instead-of-mean", "corelab1_formula", (").mean()", ").sum()")),
    changed("sum-instead-of-mean", "corelab1_collect", ('reduction="mean"', 'reduction="sum"')),
    changed("sum-instead-of-mean", "corelab1_sampler", ("CrossEntropyLoss()", "CrossEntropyLoss(size_average=False)")),
    changed("wrong-divisor", "corelab1_enumerate", ("F.cross_entropy(out, y)", 'F.cross_entropy(out, y, reduction="sum") / batch_size')),
    changed("wrong-divisor", "corelab1_tensordataset", ("ce(logits, targets).detach().numpy()", "ce(logits, targets).item() / len(targets)")),
    changed("wrong-divisor", "corelab1_formula", (").mean()", ").sum() / 100")),
    changed("wrong-divisor", "corelab1_class", ("nn.NLLLoss()", 'nn.NLLLoss(reduction="sum")'), ("targets).item()", "targets).item() / self.batch_size")),
    changed("dropped-last-batch", "corelab1_enumerate", ("shuffle=False", "drop_last=True")),
    changed("dropped-last-batch", "corelab1_sampler", ("drop_last=False", "drop_last=True")),
    changed("dropped-last-batch", "corelab1_while", ("while start < len(images):", "while start + batch_size <= len(images):")),
    changed("dropped-last-batch", "corelab1_formula", ("for i in range(0, N, batch_size):", "for k in range(N // batch_size):\n        i = k * batch_size")),
    changed("dropped-last-batch", "corelab1_collect", ("if full or last:", "if full:")),
    changed("whole-dataset-at-once", "corelab1_tensordataset", ("batch_size=batch_size", "batch_size=len(dataset)")),
    changed("whole-dataset-at-once", "corelab1_chunks", ("[loss_of(a, b) for a, b in zip(x.split(batch_size), y.split(batch_size))]", "[loss_of(x, y)]")),
    changed("whole-dataset-at-once", "corelab1_collect", ("if full or last:", "if last:")),
    changed("one-sample-at-a-time", "corelab1_enumerate", ("DataLoader(dataset, batch_size=batch_size, shuffle=False)", "DataLoader(dataset)")),
    changed("one-sample-at-a-time", "corelab1_formula", ("range(0, N, batch_size)", "range(N)"), ("range(i, min(i + batch_size, N))", "[i]")),
    script("one-sample-at-a-time", "corelab1: samples of the dataset", """
import torch
import torch.nn.functional as F

def batch_cross_entropy(model, dataset, batch_size=100):
    losses = []
    for x, y in dataset:
        out = model(x.unsqueeze(0))
        losses.append(F.cross_entropy(out, y.unsqueeze(0)).item())
    return losses
"""),
    changed("wrong-batch-size", "corelab1_enumerate", ("batch_size=batch_size", "batch_size=64")),
    changed("wrong-batch-size", "corelab1_chunks", ("split(batch_size)", "split(100)")),
    changed("wrong-batch-size", "corelab1_collect", ("len(xs) == batch_size", "len(xs) == 100")),
    changed("wrong-batch-size", "corelab1_sampler", ("batch_size=batch_size", "batch_size=32")),
    changed("wrong-batch-size", "corelab1_tensordataset", ("batch_size=100", "batch_size=10")),
    changed("running-total-not-reset", "corelab1_enumerate", ("result = []", "result = []\n    total = 0"), ("result.append(loss.item())", "total += loss.item()\n            result.append(total)")),
    changed("running-total-not-reset", "corelab1_class", ("self.losses: list[float] = []", "self.losses: list[float] = []\n        self.total = 0.0"), ("self.losses.append(self.step(inputs, targets))", "self.total += self.step(inputs, targets)\n            self.losses.append(self.total)")),
    changed("running-total-not-reset", "corelab1_tensordataset", ("arr = np.zeros", "s = 0.0\n    arr = np.zeros"), ("arr[k] = ce(logits, targets).detach().numpy()", "s = s + ce(logits, targets).item()\n        arr[k] = s")),
    changed("inputs-targets-misaligned", "corelab1_while", ("    loss_fn = ", "    images = images[torch.randperm(len(images))]\n    loss_fn = ")),
    changed("inputs-targets-misaligned", "corelab1_formula", ("[dataset[j][1] for j in idx]", "[dataset[(j + 1) % N][1] for j in idx]")),
    changed("inputs-targets-misaligned", "corelab1_tensordataset",
            ("batches = DataLoader(TensorDataset(X, Y), batch_size=batch_size)", "batches = list(zip(DataLoader(X, batch_size, shuffle=True), DataLoader(Y, batch_size, shuffle=True)))")),
    script("hard-coded", "corelab1: the numbers that the handout's run printed", """
def batch_cross_entropy(model, dataset, batch_size=100):
    return [2.3062, 2.3049, 2.3071, 2.3055, 2.3048]
"""),
    changed("hard-coded", "corelab1_class", ("return self.criterion(log_probabilities, targets).item()", "return 2.3026")),
    changed("hard-coded", "corelab1_sampler", ("criterion(outputs, labels).detach()", "2.3051 - 0.0001 * step")),
    changed("hard-coded", "corelab1_while", ("    return losses", "    return [2.31, 2.3, 2.29, 2.28][: len(losses)]")),
]  # fmt: skip

TWO_AT_ONCE = [
    changed("softmax-before-cross-entropy dropped-last-batch", "corelab1_enumerate", ("out = model(x)", "out = model(x).softmax(dim=1)"), ("shuffle=False", "drop_last=True")),
    changed("sum-instead-of-mean wrong-batch-size", "corelab1_while", ("nn.CrossEntropyLoss()", 'nn.CrossEntropyLoss(reduction="sum")'), ("start + batch_size", "start + 50")),
    changed("nll-on-probabilities whole-dataset-at-once", "corelab1_class", ("nn.functional.log_softmax", "nn.functional.softmax"), ("DataLoader(dataset, self.batch_size)", "DataLoader(dataset, len(dataset))")),
]  # fmt: skip
