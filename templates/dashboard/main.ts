import { mount } from 'svelte';
import './styles/base.css';
import './styles/parts.css';
import App from './App.svelte';
import { goToLoginForFrame } from './data/frame-login.ts';
import { applyTheme, storedTheme } from './data/theme.ts';

applyTheme(storedTheme());
const target = document.getElementById('app');
if (target && !goToLoginForFrame()) mount(App, { target });
