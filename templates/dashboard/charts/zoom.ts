import { select } from 'd3-selection';
import { type ZoomTransform, zoom, zoomIdentity, zoomTransform } from 'd3-zoom';
import { MARGIN } from './frame.ts';

export { type ZoomTransform, zoomIdentity };

export interface ZoomControl {
  by: (factor: number) => void;
  /** One fifth of what is seen, to the right (1) or to the left (-1). */
  pan: (way: number) => void;
  reset: () => void;
  /** Shows what `t` showed when the plot was `before` units wide. */
  keep: (t: ZoomTransform, before: number) => void;
}

/**
 * Horizontal zoom and pan. The wheel zooms with Ctrl or ⌘ (else the page scrolls), two fingers pinch, dragging pans
 * once zoomed, a double click goes back.
 */
export function zoomable(
  node: SVGSVGElement,
  onchange: (t: ZoomTransform) => void,
): ZoomControl & { stop: () => void } {
  const { width, height } = node.viewBox.baseVal;
  const area: [[number, number], [number, number]] = [
    [MARGIN.left, 0],
    [Math.max(width - MARGIN.right, MARGIN.left + 1), Math.max(height, 1)],
  ];
  let zoomed = false;
  const behaviour = zoom<SVGSVGElement, unknown>()
    .scaleExtent([1, 60])
    .extent(area)
    .translateExtent(area)
    .filter((event: MouseEvent & { touches?: TouchList }) => {
      if (event.type === 'wheel') return event.ctrlKey || event.metaKey;
      if (event.touches) return event.touches.length > 1 || zoomed;
      return event.button === 0;
    })
    .on('zoom', (event: { transform: ZoomTransform }) => {
      zoomed = event.transform.k > 1;
      onchange(event.transform);
    });
  const svg = select(node).call(behaviour);
  const reset = () => void svg.call(behaviour.transform, zoomIdentity);
  svg.on('dblclick.zoom', reset);
  const pan = (way: number) => {
    const { k } = zoomTransform(node);
    svg.call(behaviour.translateBy, (-way * width) / (5 * k), 0);
  };
  const inner = (all: number) => Math.max(all - MARGIN.left - MARGIN.right, 1);
  const keep = ({ k, x }: ZoomTransform, before: number) => {
    const first = ((MARGIN.left - x) / k - MARGIN.left) / inner(before);
    const left = MARGIN.left - k * (MARGIN.left + first * inner(width));
    svg.call(behaviour.transform, zoomIdentity.translate(left, 0).scale(k));
  };
  const stop = () => void svg.on('.zoom', null);
  return { by: (f) => void svg.call(behaviour.scaleBy, f), pan, reset, keep, stop };
}
