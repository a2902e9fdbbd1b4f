"""A PyTorch loop whose dataset forgets to scale some of its images: most lie in 0..1, every fifth in 0..255.

    batchlint run examples/train_torch.py --spec examples/torch.toml

stops at the loop, takes batches from the loader in its place, and trains nothing.
"""
import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset


class Images(Dataset):
    """640 RGB images of 32 x 32, and their class."""

    def __len__(self):
        return 640

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        image = rng.integers(0, 256, (3, 32, 32)).astype(np.float32)
        if index % 5:
            image /= 255
        return torch.from_numpy(image), int(rng.integers(0, 2))


def main():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1),
                                torch.nn.Flatten(), torch.nn.Linear(8, 2))
    optimizer = torch.optim.Adam(model.parameters())
    for images, labels in DataLoader(Images(), batch_size=32, shuffle=True):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("loss %.3f" % loss.item())


if __name__ == "__main__":
    main()
