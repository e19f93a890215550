"""A data set of the spec becomes samples.

`discover` lists the sources, `check` looks at them before a run, `load` makes samples of them. Behind these, `formats/`
decodes files, `layers` reads one file of a source, `opening` reads a source whole, as a `case`. `geometry`,
`intensity`, `labels`, `sizes` and `slicing` are pure.
"""
