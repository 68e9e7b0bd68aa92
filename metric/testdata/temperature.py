"""Makes temperature.json: the temperature of least cross-entropy, by PyTorch.

	python3 temperature.py > temperature.json

For each case, logits and labels and what torch.optim.LBFGS finds for the
factor of the logits, in float64.
"""
import json
import sys

import torch

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)
cases = []
for rows, classes, sure in [(40, 3, 1.0), (60, 10, 6.0), (25, 2, 0.2), (80, 5, 3.0)]:
    logits = torch.randn(rows, classes)
    labels = torch.distributions.Categorical(logits=logits).sample()
    logits = (logits * sure).round(decimals=6)
    t = torch.zeros(1, requires_grad=True)
    rule = torch.optim.LBFGS([t], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-14, line_search_fn="strong_wolfe")

    def loss():
        rule.zero_grad()
        value = torch.nn.functional.cross_entropy(logits / t.exp(), labels)
        value.backward()
        return value

    rule.step(loss)
    cases.append({"classes": classes, "logits": logits.flatten().tolist(), "labels": labels.tolist(), "temperature": t.exp().item(), "loss": loss().item()})
json.dump(cases, sys.stdout)
