"""Build panels and dashboards with a shared data source, variables and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as values
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableRefresh,
)

SOURCE = DataSourceRef("prometheus", "${datasource}")
TAG = "clicksend-consumer"
NUMBER_SIZE = (6, 5)  # of 24 columns
GRAPH_SIZE = (12, 8)

Query = tuple[str, str]  # PromQL, and the legend


@dataclass(frozen=True, slots=True)
class Panel:
    """A graph, or with `red_from` one number that turns red at a value.

    alert -- whose section of the runbook the panel links to
    """

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    alert: str = ""
    red_from: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows."""
        return GRAPH_SIZE if self.red_from is None else NUMBER_SIZE

    def build(self, runbook: str) -> stat.Panel | timeseries.Panel:
        """Return the SDK's panel. runbook -- the address of the runbook's sections, up to their names"""
        width, height = self.size
        panel = self._graph() if self.red_from is None else self._number(self.red_from)
        panel.title(self.title).description(self.description).unit(self.unit).datasource(SOURCE)
        panel.span(width).height(height)
        for expression, legend in self.queries:
            panel.with_target(prometheus.Dataquery().expr(expression).legend_format(legend))
        if self.alert:
            panel.links([_link("Runbook", runbook + self.alert.lower())])
        return panel

    def _graph(self) -> timeseries.Panel:
        legend = common.VizLegendOptions().display_mode(values.LegendDisplayMode.LIST)
        legend.placement(values.LegendPlacement.BOTTOM).show_legend(show_legend=True)
        return timeseries.Panel().legend(legend).fill_opacity(10).min(0)

    def _number(self, red_from: float) -> stat.Panel:
        steps = [Threshold(value=None, color="green"), Threshold(value=red_from, color="red")]
        thresholds = dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
        reduce = common.ReduceDataOptions().calcs(["lastNotNull"])
        return stat.Panel().thresholds(thresholds).reduce_options(reduce)


def _link(title: str, url: str) -> dashboard.DashboardLink:
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(target_blank=True)


def build(title: str, description: str, panels: Sequence[Panel], runbook: str) -> str:
    """Return a dashboard as Grafana's JSON. runbook -- as for a panel."""
    namespaces = dashboard.QueryVariable("namespace").label("Namespace").datasource(SOURCE)
    namespaces.query("label_values(clicksend_consumer_build_info, namespace)")
    # One at a time: panels sum over workers, and another installation's have another list, limit and topic.
    namespaces.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).multi(multi=False).include_all(include_all=False)
    others = dashboard.DashboardLink("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG])
    board = dashboard.Dashboard(f"ClickSend consumer: {title}").uid(f"{TAG}-{title.lower().replace(' ', '-')}")
    board.description(description).tags([TAG]).time("now-6h", "now").refresh("30s").timezone("browser")
    board.tooltip(DashboardCursorSync.CROSSHAIR).link(others.keep_time(keep_time=True).include_vars(include_vars=True))
    board.link(_link("Runbook", runbook + "runbook"))
    board.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    board.with_variable(namespaces)
    for panel in panels:
        board.with_panel(panel.build(runbook))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"
