using Halo.Planning.Importance;

namespace Halo.Cli.Calibrate;

/// <summary>What a calibration learned and measured.</summary>
/// <param name="Importance">What goes to the file.</param>
/// <param name="FittedTokens">Tokens fitted on.</param>
/// <param name="MeasuredTokens">Tokens that the choices were measured on.</param>
/// <param name="Resumed">Sequences that a broken-off run had done already.</param>
/// <param name="Choices">How well the groups that matter are told, by stage.</param>
/// <param name="Cost">What the predictors take.</param>
/// <param name="WholeNll">Nats per token of the sample that the sensitivities were measured on, with nothing dropped.</param>
internal sealed record CalibrationResult(
    ModelImportance Importance, long FittedTokens, long MeasuredTokens, int Resumed, ChoiceScores[] Choices, PredictorCost Cost, double WholeNll);
