"""Children for foreign files: born from zygotes (nursery, zygote), locked in (confinement), heard out (child)."""
