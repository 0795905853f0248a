"""Stands for Colab's own package, whose presence tells a notebook where it runs."""
