/** Job hardware with dollars per hour and memory (hub-docs, jobs-pricing.md). */
export interface Hardware {
  name: string;
  prettyName: string;
  cpu: string;
  ram: string;
  accelerator: { type: 'gpu'; model: string; quantity: string; vram: string; manufacturer: 'Nvidia' } | null;
  usdPerHour: number;
}

const cpu = (
  name: string,
  prettyName: string,
  cores: number,
  ramGb: number,
  usdPerHour: number,
): Hardware => ({
  name,
  prettyName,
  cpu: `${cores} vCPU`,
  ram: `${ramGb} GB`,
  accelerator: null,
  usdPerHour,
});

const gpu = (
  name: string,
  model: string,
  quantity: number,
  [cores, ramGb, vramGb]: [number, number, number],
  usdPerHour: number,
): Hardware => ({
  ...cpu(name, `${quantity}x Nvidia ${model}`, cores, ramGb, usdPerHour),
  accelerator: {
    type: 'gpu',
    model,
    quantity: String(quantity),
    vram: `${vramGb} GB`,
    manufacturer: 'Nvidia',
  },
});

export const JOB_HARDWARE: Hardware[] = [
  cpu('cpu-basic', 'CPU Basic', 2, 16, 0.01),
  cpu('cpu-upgrade', 'CPU Upgrade', 8, 32, 0.03),
  cpu('cpu-xl', 'CPU XL', 16, 124, 1),
  cpu('cpu-performance', 'CPU Performance', 32, 256, 1.9),
  gpu('t4-small', 'T4', 1, [4, 15, 16], 0.4),
  gpu('t4-medium', 'T4', 1, [8, 30, 16], 0.6),
  gpu('a10g-small', 'A10G', 1, [4, 15, 24], 1),
  gpu('a10g-large', 'A10G', 1, [12, 46, 24], 1.5),
  gpu('a10g-largex2', 'A10G', 2, [24, 92, 48], 3),
  gpu('a10g-largex4', 'A10G', 4, [48, 184, 96], 5),
  gpu('l4x1', 'L4', 1, [8, 30, 24], 0.8),
  gpu('l4x4', 'L4', 4, [48, 186, 96], 3.8),
  gpu('l40sx1', 'L40S', 1, [8, 62, 48], 1.8),
  gpu('l40sx4', 'L40S', 4, [48, 382, 192], 8.3),
  gpu('l40sx8', 'L40S', 8, [192, 1534, 384], 23.5),
  gpu('a100-large', 'A100', 1, [12, 142, 80], 2.5),
  gpu('a100x4', 'A100', 4, [48, 568, 320], 10),
  gpu('a100x8', 'A100', 8, [96, 1136, 640], 20),
  gpu('h200', 'H200', 1, [23, 256, 141], 5),
  gpu('h200x2', 'H200', 2, [46, 512, 282], 10),
  gpu('h200x4', 'H200', 4, [92, 1024, 564], 20),
  gpu('h200x8', 'H200', 8, [184, 2048, 1128], 40),
  gpu('rtx-pro-6000', 'RTX PRO 6000', 1, [22, 176, 96], 2.75),
  gpu('rtx-pro-6000x2', 'RTX PRO 6000', 2, [44, 352, 192], 5.5),
  gpu('rtx-pro-6000x4', 'RTX PRO 6000', 4, [88, 704, 384], 11),
  gpu('rtx-pro-6000x8', 'RTX PRO 6000', 8, [176, 1408, 768], 22),
];

/** Answer of `GET /api/jobs/hardware`. */
export const hardwareAnswer = () => priceAnswer(JOB_HARDWARE);

/** A price list as the Hub gives it: by the minute. */
export function priceAnswer(list: Hardware[]) {
  return list.map(({ usdPerHour, ...hardware }) => ({
    ...hardware,
    unitCostMicroUSD: Math.round((usdPerHour / 60) * 1e6),
    unitCostUSD: usdPerHour / 60,
    unitLabel: 'minute',
  }));
}
