import "../style/base.css";
import "./gate.css";
import { mount } from "../parts/mount";
import { allWords } from "../words";
import { GatePage } from "./GatePage";

void mount(GatePage, allWords);
