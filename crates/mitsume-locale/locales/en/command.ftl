### What commands print for a person.

## A model, and how it is used other than as it was trained

command-model-override = warning: { $setting } is { $used } here; these weights were trained with { $trained }
command-model-fewer-classes = warning: the model chooses among { $used } alone; these weights were trained with { $trained }
command-model-override-short = { $setting } { $used } (trained with { $trained })
command-model-overrides = not as it was trained: { $changes }
# The weight file knows nothing; `settings` are keys and values such as "image_size 224".
command-model-assumed = note: { $model } does not say how its images were prepared; assumed, as published: { $settings }
command-model-classes-by-position = note: { $model } does not name its classes; assumed, in the order of the folders: { $classes }
command-model-unfinished = note: { $run } is not finished; the weights of its last checkpoint are used (step { $step }, { $done } of { $epochs } epochs done)

command-train-other-init = warning: { $path } is another file than the run began with; the weights of its checkpoint are used
