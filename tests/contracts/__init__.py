"""What our ports promise, asked of the real adapters and of the fakes alike, so that no fake can lie about them."""
