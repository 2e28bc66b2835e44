"""Generators and critics of the adversarial family, and the encoder that lets one begin as an autoencoder."""
