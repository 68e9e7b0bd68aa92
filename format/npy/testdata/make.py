# Makes the golden files beside it. NumPy 2; run: python make.py
import numpy as np

x = np.arange(24).reshape(2, 3, 4)
np.save("f4.npy", (x / 8 - 1).astype("<f4"))
np.save("f8_big_fortran.npy", np.asfortranarray((x / 8 - 1).astype(">f8")))
np.save("i8.npy", x - 12)
np.save("u1.npy", x.astype("u1"))
np.save("b1.npy", x % 3 == 0)
np.save("f2_scalar.npy", np.float16(-1.5))
np.savez("two.npz", a=np.float32([1, 2]), b=np.int32([[3]]))
np.savez_compressed("packed.npz", a=np.float32([1, 2]), b=np.int32([[3]]))
