"""Note -> samples: SoundFont sampler and friends."""
