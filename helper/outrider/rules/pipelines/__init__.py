"""Pipelines: stages that hand their answers on, decided without asking anybody.

A document becomes stages (`reading`, `fields`), the stages a graph (`graph`), their items prompts (`filling`,
`reducing`, `sending`), and all of it a price (`estimating`, `weighing`).
"""
