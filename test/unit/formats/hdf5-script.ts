import { bundleThread } from '../bundle-thread.js';

/** Bundles the thread that reads HDF5 from its sources. @returns where the bundle is: in a new folder that holds only it. */
export function bundleHdf5Thread(): Promise<URL> {
  return bundleThread('src/node/hdf5/thread.ts');
}
