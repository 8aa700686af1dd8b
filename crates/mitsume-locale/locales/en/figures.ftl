### Lettering inside figures and pictures.

## A line chart over epochs

figures-epoch = epoch
figures-epoch-value = epoch { $epoch }: { $value }
figures-line-chart = { $title }. Line chart over epochs.
figures-line-ends = { $label }: { $from } in epoch { $first }, { $to } in epoch { $last }.
figures-line-empty = { $label }: no values.
