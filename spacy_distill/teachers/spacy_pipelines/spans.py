"""Any pipeline that labels spans, by a model or by rules, as teacher."""
