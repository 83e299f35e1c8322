/* task.c - tasks without a runner run one after another. */
#include "tradewind/task.h"

void tw_task_run(const tw_task_runner *runner, size_t count, tw_task task, void *argument) {
    TW_ASSERT(task != NULL);
    if (runner != NULL) {
        runner->run(runner->context, count, task, argument);
        return;
    }
    for (size_t i = 0; i < count; i++)
        task(argument, i);
}
