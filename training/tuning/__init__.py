"""The learning rate and the batch size that `auto` stands for, found by trying."""
