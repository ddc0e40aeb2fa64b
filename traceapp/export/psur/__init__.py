"""Periodic reports of a product's safety (PSUR, 定期风险评价报告): values that were read, as a document. Pure."""
