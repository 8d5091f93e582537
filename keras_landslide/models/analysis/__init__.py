"""What a network is, read from its graph: reach, stride, multiply-adds, memory."""
