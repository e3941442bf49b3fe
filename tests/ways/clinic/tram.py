"""K17."""

from lab.course._lanes import NOTHING_RUN, OTHER_BUILDER
from lab.course.clinic import tram
from ways import Ways

CD = "cd files/clinic/tram"

WAYS = {
    "tram": Ways(
        # the image itself is what a job finds again
        other=f"{CD}; sed -i -e '/--cache-from/s|ref=[^\"]*|ref=$REGISTRY/tram:${{1#*/}}|'"
        ' -e \'s|--cache-to "[^"]*"|--cache-to type=inline|\' job.sh',
        wrong=[
            (f"{CD}; sed -i 's|\\(cache-to.*\\)ref=|\\1mode=max,ref=|' job.sh", tram.ONE_LANE_COLD),
            (f"{CD}; sed -i -e '/cache/d' -e 's|--push .*|--push .|' job.sh", tram.NO_CACHE),
            (f'{CD}; sed -i \'s|--cache-to "[^"]*"|--cache-to type=local,dest=cache|\' job.sh', tram.NOTHING_KEPT),
            (f"{CD}; sed -i 's|--builder tram-builder|--builder default|' job.sh", OTHER_BUILDER),
            (f"{CD}; sed -i '/^RUN/d; s|/timetable.txt|/line.txt|' Dockerfile", NOTHING_RUN),
            (f"{CD}; sed -i 's|^docker.*|exit 3|' job.sh", tram.JOB_FAILS),
        ],
    ),
}
