"""A regression of Keras, with the backend that KERAS_BACKEND names."""

import sys

import keras
import numpy as np

if sys.argv[1] == "wandb":
    import wandb
    from wandb.integration.keras import WandbMetricsLogger as Callback

    wandb.init(project="frameworks")
else:
    import aspara
    from aspara.integrations.keras import AsparaCallback as Callback

    aspara.init(project="frameworks")

keras.utils.set_random_seed(0)
x = np.random.default_rng(0).normal(size=(32, 4)).astype("float32")
y = x.sum(axis=1, keepdims=True)
model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse", metrics=["mae"])
callbacks = [Callback(), Callback(log_freq=2)]
model.fit(x, y, validation_split=0.25, epochs=3, batch_size=4, verbose=0, callbacks=callbacks)
