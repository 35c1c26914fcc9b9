/**
 * Node, sharp and libvips at rest, with what glibc keeps of memory that was given back, under the crds'
 * WORKER_RUNTIME_ENV: the smallest units measured took 73 MiB as they are bundled for a pod, 106 as they lie in the
 * repository, where Node takes the types out first; their decode and encoder included.
 */
export const RUNTIME_BYTES = 80 * 2 ** 20;
