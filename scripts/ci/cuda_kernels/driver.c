// A stand-in for NVIDIA's driver on machines without a GPU: one device of compute capability 9.0 that allocates and copies,
// and whose kernels do nothing. So the CUDA runtime generates every kernel, and the real NVRTC compiles it.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int result;
typedef uintptr_t pointer;

enum { MAJOR = 75, MINOR = 76, WARP_SIZE = 10, MAX_THREADS = 1, BLOCK_X = 2, BLOCK_Y = 3, BLOCK_Z = 4, GRID_X = 5, GRID_Y = 6,
       GRID_Z = 7, MULTIPROCESSORS = 16, SHARED_MEMORY = 97 };

static int dummy;

result cuInit(unsigned flags) { return 0; }
result cuDriverGetVersion(int *version) { *version = 13000; return 0; }
// What NVRTC asks for tables of its own; without them it compiles all the same.
result cuGetExportTable(const void **table, const void *id) { return 500; }
result cuDeviceGetCount(int *count) { *count = 1; return 0; }
result cuDeviceGet(int *device, int index) { *device = index; return 0; }
result cuDeviceGetName(char *name, int length, int device) { strncpy(name, "stand-in", length); return 0; }
result cuDeviceTotalMem_v2(size_t *bytes, int device) { *bytes = (size_t)8 << 30; return 0; }
result cuDeviceGetAttribute(int *value, int attribute, int device) {
    switch (attribute) {
    case MAJOR: *value = 9; break;
    case MINOR: *value = 0; break;
    case WARP_SIZE: *value = 32; break;
    case MAX_THREADS: case BLOCK_X: case BLOCK_Y: *value = 1024; break;
    case BLOCK_Z: *value = 64; break;
    case GRID_X: *value = 2147483647; break;
    case GRID_Y: case GRID_Z: *value = 65535; break;
    case MULTIPROCESSORS: *value = 132; break;
    case SHARED_MEMORY: *value = 232448; break;
    default: *value = 1;
    }
    return 0;
}
result cuDevicePrimaryCtxRetain(void **context, int device) { *context = &dummy; return 0; }
result cuCtxSetCurrent(void *context) { return 0; }
result cuCtxGetCurrent(void **context) { *context = &dummy; return 0; }
result cuCtxSynchronize(void) { return 0; }
result cuStreamCreate(void **stream, unsigned flags) { *stream = &dummy; return 0; }
result cuStreamSynchronize(void *stream) { return 0; }
result cuStreamWaitEvent(void *stream, void *event, unsigned flags) { return 0; }
result cuStreamDestroy_v2(void *stream) { return 0; }
result cuEventCreate(void **event, unsigned flags) { *event = &dummy; return 0; }
result cuEventRecord(void *event, void *stream) { return 0; }
result cuEventSynchronize(void *event) { return 0; }
result cuEventQuery(void *event) { return 0; }
result cuEventElapsedTime(float *ms, void *a, void *b) { *ms = 1; return 0; }
result cuEventElapsedTime_v2(float *ms, void *a, void *b) { *ms = 1; return 0; }
result cuEventDestroy_v2(void *event) { return 0; }
result cuMemAlloc_v2(pointer *at, size_t bytes) { *at = (pointer)calloc(1, bytes); return *at ? 0 : 2; }
result cuMemAllocAsync(pointer *at, size_t bytes, void *stream) { return cuMemAlloc_v2(at, bytes); }
result cuMemFree_v2(pointer at) { free((void *)at); return 0; }
result cuMemFreeAsync(pointer at, void *stream) { return cuMemFree_v2(at); }
result cuMemAllocHost_v2(void **at, size_t bytes) { *at = calloc(1, bytes); return *at ? 0 : 2; }
result cuMemFreeHost(void *at) { free(at); return 0; }
result cuMemcpyHtoDAsync_v2(pointer to, const void *from, size_t bytes, void *stream) { memcpy((void *)to, from, bytes); return 0; }
result cuMemcpyDtoHAsync_v2(void *to, pointer from, size_t bytes, void *stream) { memcpy(to, (void *)from, bytes); return 0; }
result cuMemcpyDtoDAsync_v2(pointer to, pointer from, size_t bytes, void *stream) { memcpy((void *)to, (void *)from, bytes); return 0; }

// CUDA_MEMCPY2D of cuda.h.
struct copy { size_t source_x, source_y; unsigned source_type; const void *source_host; pointer source_device; void *source_array;
              size_t source_pitch, target_x, target_y; unsigned target_type; void *target_host; pointer target_device;
              void *target_array; size_t target_pitch, width, height; };
enum { HOST = 1 };
result cuMemcpy2DAsync_v2(const struct copy *copy, void *stream) {
    const char *from = copy->source_type == HOST ? copy->source_host : (const char *)copy->source_device;
    char *to = copy->target_type == HOST ? copy->target_host : (char *)copy->target_device;
    for (size_t row = 0; row < copy->height; row++)
        memcpy(to + row * copy->target_pitch, from + row * copy->source_pitch, copy->width);
    return 0;
}
result cuTensorMapEncodeTiled(void *map) { return 0; }
result cuModuleLoadData(void **module, const void *image) { *module = &dummy; return 0; }
result cuModuleGetFunction(void **function, void *module, const char *name) { *function = &dummy; return 0; }
result cuModuleUnload(void *module) { return 0; }
result cuFuncSetAttribute(void *function, int attribute, int value) { return 0; }
result cuLaunchKernel(void *function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz, unsigned shared,
                      void *stream, void **arguments, void **extra) { return 0; }
result cuLaunchKernelEx(const void *config, void *function, void **arguments, void **extra) { return 0; }
result cuGetErrorString(int error, const char **text) { *text = "an error of the stand-in"; return 0; }
result cuGetErrorName(int error, const char **text) { *text = "ERROR"; return 0; }
