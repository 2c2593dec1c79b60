import { mount } from 'svelte';
import './styles/base.css';
import './styles/layout.css';
import './styles/controls.css';
import './styles/tables.css';
import './styles/prose.css';
import './styles/contrast.css';
import App from './App.svelte';
import { goToLoginForFrame } from './data/frame-login.ts';
import { applyTheme, storedTheme } from './data/theme.ts';

applyTheme(storedTheme());
const target = document.getElementById('app');
if (target && !goToLoginForFrame()) mount(App, { target });
