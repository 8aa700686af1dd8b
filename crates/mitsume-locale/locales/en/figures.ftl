### Lettering inside figures and pictures.

## A line chart over epochs

figures-epoch = epoch
figures-epoch-value = epoch { $epoch }: { $value }
figures-line-chart = { $title }. Line chart over epochs.
figures-line-ends = { $label }: { $from } in epoch { $first }, { $to } in epoch { $last }.
figures-line-empty = { $label }: no values.

# Saving figures and tables. { $title } is the figure's or table's, { $format } is SVG, PNG, CSV or LaTeX.
figures-save = Save
figures-save-title = Save: { $title }
figures-save-as = Save “{ $title }” as { $format }
figures-png-width = PNG width in pixels
# Heading of the small print below the figures of a column.
figures-column-note = { $column }, note
